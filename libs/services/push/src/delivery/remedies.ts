/** What is done about what anti-entropy finds. Never rejects for a store that is away. */
import { type LogKey, logUser, type UserKey } from '@carillon/domain';
import { Injectable } from '@nestjs/common';
import { OwnRoutes } from '../node/own-routes.js';
import { Topics } from '../session/topics.js';
import { FanOut } from './fan-out.js';

@Injectable()
export class Remedies {
  constructor(
    private readonly fanOut: FanOut,
    private readonly own: OwnRoutes,
    private readonly topics: Topics,
  ) {}

  /** The log goes further than somebody here has heard; if it is a user's, its route may be gone too. */
  deliver(log: LogKey, head: number): void {
    const user = logUser(log);
    this.fanOut.find(log, head, () => {
      if (user) void this.own.claim(user);
    });
  }

  /** The sessions of these users follow what they are members of. */
  async compareMembers(users: readonly UserKey[]): Promise<void> {
    await Promise.all(users.map((user) => this.topics.compare(user)));
  }
}
