/**
 * Going away without losing anything: clients are asked to move, what is outstanding is settled, the rest is
 * closed with a code that says reconnect. No socket that was open sees an abnormal close.
 */
import { Clock, Random, sleep } from '@carillon/domain/ports';
import { closeCodes } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { ReceiptBook } from '../delivery/receipt-book.js';
import { PushOptions } from '../push-options.js';
import { Registry } from '../session/registry.js';
import type { Session } from '../session/session.js';
import { Lease } from './lease.js';

const lookEveryMs = 50;
/** A leftover gets this long for its outstanding acks, and then this long for its close handshake. */
const lastAcksMs = 1_000;
const closeHandshakeMs = 2_000;
/** Leftovers are closed over this span, so that they do not all come back in one moment. */
const spreadMs = 1_000;
const goingAway = 'this node is going away';

@Injectable()
export class Drain {
  private hasBegun = false;

  constructor(
    private readonly registry: Registry,
    private readonly receipts: ReceiptBook,
    private readonly lease: Lease,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly options: PushOptions,
  ) {}

  /** New sockets are refused from the moment this is true. */
  get isDraining(): boolean {
    return this.hasBegun;
  }

  /** Resolves when no session is left, within drainMs and a few seconds. */
  async run(): Promise<void> {
    this.hasBegun = true;
    const { drainMs } = this.options;
    for (const session of this.registry.sessions()) session.drain(drainMs);
    for (const arrival of this.registry.arrivals) arrival.close(closeCodes.draining, goingAway);
    await this.until(() => this.registry.isEmpty, drainMs);
    await Promise.all([...this.registry.sessions()].map((session) => this.closeLeftover(session)));
    await this.until(() => this.registry.isEmpty, closeHandshakeMs);
    for (const session of this.registry.sessions()) session.connection.terminate();
    await this.until(() => this.registry.isEmpty, lookEveryMs); // the ledger hears of their end too
    await this.receipts.flush();
    await this.lease.end();
  }

  private async closeLeftover(session: Session): Promise<void> {
    await sleep(this.clock, this.random.next() * Math.min(spreadMs, this.options.drainMs));
    await this.until(() => session.isSettled || session.state === 'closed', lastAcksMs);
    session.close(closeCodes.draining, goingAway);
  }

  private async until(isDone: () => boolean, timeoutMs: number): Promise<void> {
    const end = this.clock.monotonic() + timeoutMs;
    while (!isDone() && this.clock.monotonic() < end) await sleep(this.clock, lookEveryMs);
  }
}
