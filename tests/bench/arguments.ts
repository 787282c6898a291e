// What `npm run bench -- …` was asked for. Must refuse what it does not know: a misspelt scenario that
// measures nothing would look like a pass.
import { parseArgs } from 'node:util';

const roundsDefault = 5;
const roundsQuick = 2;
const roundsMax = 100;

export interface BenchArguments {
  /** In the order of the list of all, whatever order they were given in. */
  readonly scenarios: readonly string[];
  /** How often each contestant is measured. */
  readonly rounds: number;
  /** Smaller everywhere: for a look, not for the page. */
  readonly isQuick: boolean;
  /** With the sizes that take long. */
  readonly isHuge: boolean;
  /** The page to write into; undefined: the one in docs. */
  readonly page: string | undefined;
  /** Only say which scenarios there are. */
  readonly isList: boolean;
}

/** @throws RangeError with one sentence that names what is wrong and what is allowed */
export function readArguments(args: readonly string[], known: readonly string[]): BenchArguments {
  const { values, positionals } = parsed(args);
  const strange = positionals.filter((name) => !known.includes(name));
  if (strange.length > 0)
    throw new RangeError(`there is no scenario ${strange.join(', ')}: there are ${known.join(', ')}`);
  const isQuick = values.quick;
  const rounds = Number(values.rounds ?? (isQuick ? roundsQuick : roundsDefault));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > roundsMax)
    throw new RangeError(`--rounds is a whole number from 1 to ${roundsMax}, not ${values.rounds}`);
  return {
    scenarios: positionals.length === 0 ? known : known.filter((name) => positionals.includes(name)),
    rounds,
    isQuick,
    isHuge: values.huge,
    page: values.out,
    isList: values.list,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        huge: { type: 'boolean', default: false },
        out: { type: 'string' },
        list: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new RangeError(`${said}; options are --rounds N, --quick, --huge, --out FILE, --list`);
  }
}
