/** What a command ends with when it cannot do its work. Must never carry a key or a token. */

/** Exit codes of every command; scripts branch on them. `interrupted` is 128 + SIGINT, as shells have it. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 4,
  notPermitted: 5,
  interrupted: 130,
} as const;

/** A key of `exitCodes` that is a fault. */
export type FaultKind = Exclude<keyof typeof exitCodes, 'ok'>;

/** One sentence for a person, and the command to try next. */
export class Fault extends Error {
  override readonly name = 'Fault';

  constructor(
    readonly kind: FaultKind,
    sentence: string,
    readonly next: string,
  ) {
    super(sentence);
  }
}
