// Plays Collect and a Push node at once, so that one Dispatch can be measured alone: sends batches of
// doorbells for users whose routes it has claimed, and takes them at the other end. Must speak as the two
// do, through the same adapters.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NatsBus } from '@carillon/bus-nats';
import {
  type DispatchAnnouncement,
  type DispatchAnswer,
  encodeDoorbell,
  fromJsonBytes,
  type Incarnation,
  joinDoorbells,
  splitDoorbells,
  subjects,
  toJsonBytes,
  type UserKey,
  userKey,
  userLog,
} from '@carillon/domain';
import type { Bus, RouteTable } from '@carillon/domain/ports';
import { SystemClock, SystemRandom } from '@carillon/platform';

const tenant = 'default';
const leaseMs = 3_600_000;
const requestMs = 2_000;
const announcedMs = 5_000;
const usersPerClaim = 1_000;
const routesModule = join(import.meta.dirname, '../../libs/adapters/routes-redis/dist/index.js');
const incarnation = 'bench~1' as Incarnation;

interface Addresses {
  readonly natsUrl: string;
  readonly redisUrl: string;
}

export class DispatchDriver {
  private readonly bus: Bus;
  private readonly routes: RouteTable;
  private readonly users: readonly UserKey[];
  private dispatch = '';
  private taken = 0;
  private seq = 0;

  static async start({ natsUrl, redisUrl }: Addresses, users: number): Promise<DispatchDriver> {
    const { RedisRoutes } = (await import(pathToFileURL(routesModule).href)) as {
      RedisRoutes: { open(options: object): Promise<RouteTable> };
    };
    const [clock, random] = [new SystemClock(), new SystemRandom()];
    const bus = await NatsBus.open({ url: natsUrl, name: 'bench', inboxPrefix: '_INBOX_bench', random });
    const redis = { url: redisUrl, prefix: 'carillon:', commandTimeoutMs: requestMs, clock, random };
    const routes = await RedisRoutes.open(redis);
    const driver = new DispatchDriver(bus, routes, users);
    await driver.begin();
    return driver;
  }

  private constructor(bus: Bus, routes: RouteTable, users: number) {
    this.bus = bus;
    this.routes = routes;
    this.users = Array.from({ length: users }, (_, at) => userKey(tenant, `u${at}`));
  }

  /** @throws when a doorbell was not taken at the other end */
  async send(messages: number, { batch, inFlight }: { batch: number; inFlight: number }): Promise<void> {
    const goal = this.taken + messages;
    let left = messages;
    const lane = async () => {
      while (left > 0) {
        const count = Math.min(batch, left);
        left -= count;
        await this.one(count);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    if (this.taken !== goal) throw new Error(`${goal - this.taken} doorbells have not arrived`);
  }

  async stop(): Promise<void> {
    await this.bus.close();
    await this.routes.close();
  }

  private async begin(): Promise<void> {
    await this.routes.renewLease(incarnation, leaseMs);
    for (let at = 0; at < this.users.length; at += usersPerClaim)
      await this.routes.claim(incarnation, this.users.slice(at, at + usersPerClaim));
    this.bus.subscribe(subjects.push(incarnation), (message) => {
      this.taken += splitDoorbells(message.data).length;
      message.reply(toJsonBytes({ outcome: 'taken', gone: [] }));
    });
    this.dispatch = await this.firstAnnounced();
  }

  private firstAnnounced(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => reject(new Error('no Dispatch announces itself')), announcedMs);
      const heard = this.bus.subscribe(subjects.dispatchAnnouncements, ({ data }) => {
        clearTimeout(timeout);
        heard.unsubscribe();
        resolve(fromJsonBytes<DispatchAnnouncement>(data).id);
      });
    });
  }

  private async one(count: number): Promise<void> {
    const slices = Array.from({ length: count }, () => this.slice());
    const answer = await this.bus.request(subjects.dispatch(this.dispatch), joinDoorbells(slices), requestMs);
    const { refused } = fromJsonBytes<DispatchAnswer>(answer);
    if (refused > 0) throw new Error(`${refused} doorbells were refused`);
  }

  private slice() {
    this.seq += 1;
    const user = this.users[this.seq % this.users.length] as UserKey;
    const acceptedAt = Date.now();
    const text = String(this.seq).padStart(64, '0');
    const id = `msg_${String(this.seq).padStart(26, '0')}`;
    const data = { orderId: this.seq, t: acceptedAt * 1_000, text };
    const message = {
      type: 'message',
      log: 'user',
      seq: this.seq,
      id,
      event: 'order.paid',
      data,
      sentAt: acceptedAt,
    };
    return encodeDoorbell({
      kind: 'entry',
      log: userLog(user),
      seq: this.seq,
      acceptedAt,
      expiresAt: acceptedAt + leaseMs,
      frame: JSON.stringify(message),
    });
  }
}
