/**
 * What the nodes tell each other about one user: read elsewhere, member of other topics, to be disconnected.
 * A notice may be lost: it costs comfort, or waits for anti-entropy.
 */
import { fromJsonBytes, type Notice, subjects, toJsonBytes, type UserKey } from '@carillon/domain';
import { Bus, type BusMessage, type Subscription } from '@carillon/domain/ports';
import { closeCodes } from '@carillon/wire';
import { Injectable } from '@nestjs/common';
import { PushLog } from '../push-log.js';
import { Registry } from '../session/registry.js';
import type { Session } from '../session/session.js';

@Injectable()
export class NoticeBoard {
  private subscription: Subscription | undefined;
  /** The user's memberships changed. */
  onMembership: (user: UserKey) => void = () => {};

  constructor(
    private readonly bus: Bus,
    private readonly registry: Registry,
    private readonly log: PushLog,
  ) {}

  start(): void {
    this.subscription = this.bus.subscribe(subjects.notices, (message) => this.take(message));
  }

  stop(): void {
    this.subscription?.unsubscribe();
  }

  /** The user's other connections hear of it, here at once and elsewhere by the bus. */
  tellOfRead({ user, id }: Session, ids: readonly string[]): void {
    this.echo(user, id, ids);
    const notice: Notice = { type: 'read', user, ids, connection: id };
    this.bus.publish(subjects.notices, toJsonBytes(notice));
  }

  private take(message: BusMessage): void {
    const notice = this.noticeIn(message.data);
    switch (notice?.type) {
      case 'read':
        if (!this.isOurs(notice)) this.echo(notice.user, notice.connection, notice.ids);
        break;
      case 'membership':
        this.onMembership(notice.user);
        break;
      case 'disconnect':
        for (const session of this.registry.sessionsOf(notice.user)) {
          session.close(closeCodes.disconnectedByAdministrator, 'an administrator ended the session');
        }
    }
  }

  /** What this node told itself comes back to it. */
  private isOurs({ user, connection }: Extract<Notice, { type: 'read' }>): boolean {
    for (const session of this.registry.sessionsOf(user)) if (session.id === connection) return true;
    return false;
  }

  private echo(user: UserKey, from: string, ids: readonly string[]): void {
    for (const session of this.registry.sessionsOf(user)) {
      if (session.id !== from) session.tell({ type: 'read', ids });
    }
  }

  /** One of another version, as during an upgrade, is let go. */
  private noticeIn(data: Uint8Array): Notice | undefined {
    try {
      return fromJsonBytes<Notice>(data);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      this.log.unreadable(error);
      return undefined;
    }
  }
}
