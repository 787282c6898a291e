/** A desk that keeps what it is told; nobody sits at it unless an answer is given. */
import type { Desk } from './desk.js';

export interface KeptDesk extends Desk {
  readonly data: string[];
  readonly said: string[];
  readonly questions: string[];
}

export function keptDesk(given: { readonly key?: string; readonly answer?: boolean } = {}): KeptDesk {
  const [data, said, questions]: [string[], string[], string[]] = [[], [], []];
  return {
    data,
    said,
    questions,
    out: (text) => void data.push(text),
    say: (line) => void said.push(line),
    toned: (text) => text,
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(given.answer);
    },
    hasTerminal: false,
    key: given.key,
    stopped: new AbortController().signal,
  };
}
