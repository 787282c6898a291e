/**
 * Who is here: user → sessions and log → pumps of this node, and the sockets that are no session yet. The
 * only place that knows it; holds nothing of what is sent. A pump is found from the moment it follows its
 * log, which is before the log is read, so no doorbell falls between read and start.
 */
import type { LogKey, UserKey } from '@carillon/domain';
import { Injectable } from '@nestjs/common';
import type { Connection } from '../socket/connection.js';
import type { Pump } from './pump.js';
import type { Session } from './session.js';

@Injectable()
export class Registry {
  private readonly byUser = new Map<UserKey, Set<Session>>();
  private readonly byLog = new Map<LogKey, Set<Pump>>();
  /** Between their upgrade and their registration. */
  readonly arrivals = new Set<Connection>();
  private count = 0;

  /** Sessions. */
  get size(): number {
    return this.count;
  }

  get isEmpty(): boolean {
    return this.count === 0 && this.arrivals.size === 0;
  }

  /** @returns whether it is the user's first session here. */
  add(session: Session): boolean {
    const sessions = this.byUser.get(session.user) ?? new Set();
    this.byUser.set(session.user, sessions.add(session));
    this.count++;
    return sessions.size === 1;
  }

  /** @returns whether the user has no session left; false too for one that was not here. */
  remove(session: Session): boolean {
    const sessions = this.byUser.get(session.user);
    if (!sessions?.delete(session)) return false;
    this.count--;
    if (sessions.size === 0) this.byUser.delete(session.user);
    return sessions.size === 0;
  }

  /** Doorbells of its log find the pump from now on. */
  follow(pump: Pump): void {
    const followers = this.byLog.get(pump.log);
    if (followers) followers.add(pump);
    else this.byLog.set(pump.log, new Set([pump]));
  }

  /** @returns whether nobody here follows its log any more. */
  unfollow(pump: Pump): boolean {
    const followers = this.byLog.get(pump.log);
    if (!followers?.delete(pump) || followers.size > 0) return false;
    this.byLog.delete(pump.log);
    return true;
  }

  /** Oldest first. */
  sessionsOf(user: UserKey): Iterable<Session> {
    return this.byUser.get(user) ?? [];
  }

  followers(log: LogKey): ReadonlySet<Pump> | undefined {
    return this.byLog.get(log);
  }

  users(): UserKey[] {
    return [...this.byUser.keys()];
  }

  logs(): LogKey[] {
    return [...this.byLog.keys()];
  }

  *sessions(): Iterable<Session> {
    for (const sessions of this.byUser.values()) yield* sessions;
  }
}
