/**
 * Where a command speaks to the person or script that started it: data on standard output, everything else
 * on standard error. Must never put narration where a script reads data.
 */
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';
import { keyInEnvironment } from './environment.js';

/** Colours have one meaning each; without a terminal, or with NO_COLOR, there are none. */
export type Tone = 'good' | 'bad';

export interface Desk {
  /** Data, as it is. */
  out(text: string): void;
  /** One line of narration. */
  say(line: string): void;
  /** The text in the colour of its meaning, where standard output shows colours. */
  toned(text: string, tone: Tone): string;
  /** Yes or no of a person; undefined where nobody can be asked. */
  ask(question: string): Promise<boolean | undefined>;
  /** Whether a progress bar on standard error would be seen by a person. */
  readonly hasTerminal: boolean;
  /** From the environment; never from an argument, which other processes can see. */
  readonly key: string | undefined;
  /** Aborts at the first Ctrl-C; the second one ends the process. */
  readonly stopped: AbortSignal;
}

const colours = { good: 'green', bad: 'red' } as const;

/** The desk of this process. */
export function processDesk(): Desk {
  const { stdout, stderr, stdin } = process;
  return {
    out: (text) => void stdout.write(text),
    say: (line) => void stderr.write(`${line}\n`),
    toned: (text, tone) => styleText(['bold', colours[tone]], text, { stream: stdout }),
    ask: async (question) => (stdin.isTTY && stderr.isTTY ? answerTo(question) : undefined),
    hasTerminal: stderr.isTTY === true,
    key: keyInEnvironment(),
    stopped: stopSignal(),
  };
}

/** Ctrl-C and the end of the input are a no. */
async function answerTo(question: string): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const given = new AbortController();
  reader.once('SIGINT', () => given.abort());
  reader.once('close', () => given.abort());
  try {
    const answer = await reader.question(`${question} [y/N] `, { signal: given.signal });
    return /^y(?:es)?$/i.test(answer.trim());
  } catch (error) {
    if (given.signal.aborted) return false;
    throw error;
  } finally {
    reader.close();
  }
}

function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  const stop = () => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return stopping.signal;
}
