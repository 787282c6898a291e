/**
 * Who is here: user → sessions and log → pumps of this node, and the sockets that are no session yet. The
 * only place that knows it; holds nothing of what is sent. A pump is found from the moment its session is
 * registered, so no doorbell falls between read and start.
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
    for (const pump of session.pumps.values()) {
      const followers = this.byLog.get(pump.log) ?? new Set();
      this.byLog.set(pump.log, followers.add(pump));
    }
    return sessions.size === 1;
  }

  /** @returns what nobody here follows any more, and whether the user has no session left. */
  remove(session: Session): { readonly isLast: boolean; readonly logs: readonly LogKey[] } {
    const sessions = this.byUser.get(session.user);
    if (!sessions?.delete(session)) return { isLast: false, logs: [] };
    this.count--;
    if (sessions.size === 0) this.byUser.delete(session.user);
    const abandoned: LogKey[] = [];
    for (const pump of session.pumps.values()) {
      const followers = this.byLog.get(pump.log);
      followers?.delete(pump);
      if (followers?.size === 0) {
        this.byLog.delete(pump.log);
        abandoned.push(pump.log);
      }
    }
    return { isLast: sessions.size === 0, logs: abandoned };
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
