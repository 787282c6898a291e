/** All sockets of one thread: lets them in at a rate, and out together. Must never keep one after `close`. */
import type { Message } from '@carillon/client';
import { Handshakes } from './handshakes.js';
import { Member, type Membership } from './member.js';
import { now } from './moment.js';
import { patience, pause } from './pauses.js';

/** How the crowd comes in. */
export interface CrowdOptions extends Omit<Membership, 'handshakes'> {
  readonly users: readonly string[];
  readonly perSecond: number;
  readonly onMessage: (user: number, message: Message) => void;
}

/** Handshakes of one thread at once. */
const openingMax = 64;
/** A socket that is refused keeps trying for this long before it is given up. */
const openPatienceMs = 30_000;

export class Crowd {
  readonly #members: Member[] = [];
  readonly #options: CrowdOptions;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Resolves when every socket is open or was given up. */
  async open(stopped: AbortSignal): Promise<void> {
    const { users, perSecond, isOneAttempt } = this.#options;
    const ways = { ...this.#options, handshakes: new Handshakes('/v1/connect') };
    const startedAtMs = now();
    let next = 0;
    const lane = async () => {
      while (next < users.length && !stopped.aborted) {
        const at = next++;
        await pause(startedAtMs + (at / perSecond) * 1_000 - now(), stopped);
        if (!stopped.aborted) await this.#join(at, ways);
      }
    };
    await Promise.all(Array.from({ length: openingMax }, lane));
    const isFull = () => this.#members.every(({ isOpen }) => isOpen);
    if (!isOneAttempt) await patience(isFull, openPatienceMs, stopped);
    for (const member of this.#members) if (!member.isOpen) member.close();
  }

  /** Indexes of the users whose sockets are open. */
  get present(): number[] {
    return [...this.#members.entries()].flatMap(([at, { isOpen }]) => (isOpen ? [at] : []));
  }

  /** Every socket, after its last confirmations. */
  close(): void {
    for (const member of this.#members) member.close();
  }

  #join(at: number, ways: Membership): Promise<void> {
    const { users, onMessage } = this.#options;
    const member = new Member(users[at] ?? '', ways, (message) => onMessage(at, message));
    // In the order of coming in, which is that of the users.
    this.#members[at] = member;
    return member.firstVerdict;
  }
}
