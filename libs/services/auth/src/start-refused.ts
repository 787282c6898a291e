/** Why Auth does not start, in one sentence that says what to do. */
import { StartFault } from '@carillon/platform';

export class StartRefused extends StartFault {
  override readonly name = 'StartRefused';

  constructor(sentence: string, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
  }
}
