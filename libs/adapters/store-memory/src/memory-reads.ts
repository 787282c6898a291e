/** Who has read what, in memory. The first time stays. */
import type { UserKey } from '@carillon/domain';
import { Reads } from '@carillon/domain/ports';
import type { MemoryAccess } from './memory-data.js';

/** Reads over maps. */
export class MemoryReads extends Reads {
  constructor(private readonly access: MemoryAccess) {
    super();
  }

  override async note(user: UserKey, messageIds: readonly string[], at: number): Promise<void> {
    const { reads } = this.access.data;
    const ofUser = reads.get(user) ?? new Map<string, number>();
    for (const id of messageIds) ofUser.set(id, ofUser.get(id) ?? at);
    reads.set(user, ofUser);
  }

  override async ofMessage(
    messageId: string,
    users: readonly UserKey[],
  ): Promise<ReadonlyMap<UserKey, number>> {
    const found = new Map<UserKey, number>();
    for (const user of users) {
      const at = this.access.data.reads.get(user)?.get(messageId);
      if (at !== undefined) found.set(user, at);
    }
    return found;
  }

  override async forget(user: UserKey): Promise<void> {
    this.access.data.reads.delete(user);
  }
}
