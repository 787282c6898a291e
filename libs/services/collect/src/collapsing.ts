/**
 * Makes older messages of a collapse key give way to a newer one that is durable. Losing any of it shows an
 * older message once more, never less: a 202 does not wait for it to succeed.
 */
import type { Entry } from '@carillon/domain';
import { type Appended, Marks, PortError } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import type { Deadline } from './deadlines.js';
import { Doorbells } from './doorbells.js';

/** Logs of one call that are marked at once. */
const callsMax = 16;

@Injectable()
export class Collapsing {
  constructor(
    private readonly marks: Marks,
    private readonly doorbells: Doorbells,
  ) {}

  /**
   * Resolves when it has been tried for every entry with a collapse key, or the deadline is over; never
   * rejects for the store.
   */
  async supersede(appended: readonly Appended[], deadline: Deadline): Promise<void> {
    const entries = appended.flatMap((each) =>
      each.outcome !== 'unconfirmed' && each.entry.collapseKey !== undefined ? [each.entry] : [],
    );
    for (let at = 0; at < entries.length && !deadline.isOver; at += callsMax) {
      await Promise.all(entries.slice(at, at + callsMax).map((entry) => this.giveWay(entry)));
    }
  }

  private async giveWay({ log, seq, collapseKey, acceptedAt, expiresAt }: Entry): Promise<void> {
    try {
      const seqs = await this.marks.supersede(log, collapseKey as string, seq);
      this.doorbells.ringMarks(
        seqs.map((each) => ({ log, seq: each, acceptedAt, expiresAt, mark: 'superseded' })),
      );
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // the older ones are shown too, in their order
    }
  }
}
