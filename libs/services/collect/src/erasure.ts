/**
 * Forgets a user: what was sent to them, their devices, what they were given and read, and what they follow.
 * The places in their log stay, emptied, until purge takes them. Idempotent; interrupted, it is repeated.
 */
import { type Notice, subjects, toJsonBytes, type UserKey, userLog } from '@carillon/domain';
import { Bus, Devices, LogKeeping, Members, Reads, Receipts } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

@Injectable()
export class Erasure {
  constructor(
    private readonly bus: Bus,
    private readonly keeping: LogKeeping,
    private readonly devices: Devices,
    private readonly receipts: Receipts,
    private readonly reads: Reads,
    private readonly members: Members,
  ) {}

  /** Closes the user's sockets; they may come back. */
  disconnect(user: UserKey): void {
    const notice: Notice = { type: 'disconnect', user };
    this.bus.publish(subjects.notices, toJsonBytes(notice));
  }

  /** Durable when it resolves. @throws PortUnavailable: then some of it may be done already */
  async erase(user: UserKey): Promise<void> {
    // First the sockets: what they still note of this user would outlive the erasure.
    this.disconnect(user);
    await this.members.forget(user);
    await this.keeping.erase(userLog(user));
    await Promise.all([this.devices.forget(user), this.receipts.forget(user), this.reads.forget(user)]);
  }
}
