/** What a person is told when a process could not do what it was started for. */
import { ConfigInvalid, StartFault } from '@carillon/platform';

/** A fault that people can mend is told in sentences; anything else is a defect and shows its place. */
export function explain(error: unknown): void {
  const isExpected = error instanceof ConfigInvalid || error instanceof StartFault;
  process.stderr.write(`${isExpected ? error.message : `This is a defect: ${placeOf(error)}`}\n`);
}

function placeOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
