/**
 * Whether a message was for a user, and which of its entries: their own, that of a topic they follow or
 * followed, or that of everybody.
 */
import { messageIdPattern } from '@carillon/api';
import { allLog, type Entry, tenantOf, type UserKey, userLog } from '@carillon/domain';
import { Cursors, Devices, Members, MessageLog, Receipts } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

@Injectable()
export class Addressees {
  constructor(
    private readonly log: MessageLog,
    private readonly members: Members,
    private readonly receipts: Receipts,
    private readonly devices: Devices,
    private readonly cursors: Cursors,
  ) {}

  /** Undefined where it was not for them. @throws PortUnavailable */
  async entryFor(messageId: string, user: UserKey): Promise<Entry | undefined> {
    if (!messageIdPattern.test(messageId)) return undefined;
    const own = await this.log.entryOf(messageId, userLog(user));
    if (own) return own;
    const [first] = await this.log.ofMessage(messageId);
    if (!first || tenantOf(first.log) !== tenantOf(user)) return undefined;
    if (first.log === allLog(tenantOf(user))) return first;
    const isTopic = first.log.startsWith('topic:', first.log.indexOf('/') + 1);
    return isTopic && (await this.isFollower(user, first)) ? first : undefined;
  }

  private async isFollower(user: UserKey, { log, seq }: Entry): Promise<boolean> {
    const memberships = (await this.members.ofUsers([user])).get(user) ?? [];
    if (memberships.some(({ topic, head }) => topic === log && head < seq)) return true;
    if ((await this.receipts.ofEntry(log, seq, user)).length > 0) return true;
    const devices = await this.devices.ofUser(user);
    const questions = devices.map(({ key }) => ({ device: key, logs: [log] }));
    return (await this.cursors.loadMany(questions)).some((positions) => positions.has(log));
  }
}
