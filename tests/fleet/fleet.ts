// The fleet as a process of its own: many devices, one log file. Its parent tells it what to do and hears how
// it goes.
import { Device } from './device.ts';
import { FleetLog } from './fleet-log.ts';
import { seededRandom } from './random.ts';
import { TokenShop } from './token-shop.ts';

/**
 * The first message from the parent. The key comes in the environment (CARILLON_KEY), never in an argument.
 */
export interface FleetOrder {
  readonly kind: 'start';
  readonly pushUrls: readonly string[];
  readonly authUrl: string;
  readonly users: readonly string[];
  readonly logFile: string;
  readonly seed: number;
  /**
   * What devices ask for, by user. Topics of which a user was made a member, and `all`, are followed without
   * asking.
   */
  readonly topics?: Readonly<Record<string, readonly string[]>>;
  /** Of tokens; Auth's own choice unless given. */
  readonly tokenTtlS?: TokenTtl;
}

export interface TokenTtl {
  readonly min: number;
  readonly max: number;
  /** How many of the devices bring a newer token to a live socket, of 1. */
  readonly refreshing: number;
}

export type FleetCommand =
  | FleetOrder
  /** Acknowledge nothing, or go on. */
  | { readonly kind: 'hold'; readonly isHolding: boolean }
  /** The devices of these users close their sockets and stay away, or all come back. */
  | { readonly kind: 'leave'; readonly users: readonly string[] }
  | { readonly kind: 'return' }
  /** Those whom a failure has driven to another node go back to their own. */
  | { readonly kind: 'home' }
  | { readonly kind: 'stop' };

/** Sent to the parent several times a second. */
export interface FleetStatus {
  readonly open: number;
  readonly got: number;
  /** Frames written down but not acknowledged, per node. */
  readonly unsettled: Readonly<Record<string, number>>;
}

const ackEveryMs = 100;

const devices = new Map<string, Device>();
let log: FleetLog | undefined;

process.on('message', (command: FleetCommand) => {
  if (command.kind === 'start') start(command);
  else if (command.kind === 'stop') stop();
  else steer(command);
});
process.on('disconnect', () => process.exit(1));
// Ctrl-C is the parent's affair: what it has begun is still to be judged.
process.on('SIGINT', () => {});

function start(order: FleetOrder): void {
  const fleetLog = new FleetLog(order.logFile);
  log = fleetLog;
  const random = seededRandom(order.seed);
  const { users, topics = {}, tokenTtlS: ttl } = order;
  const shop = new TokenShop(order.authUrl, process.env['CARILLON_KEY'] ?? '');
  for (const user of users) {
    const asked = topics[user] ?? [];
    const ttlS = ttl && Math.round(ttl.min + random() * (ttl.max - ttl.min));
    const device = new Device({
      user,
      device: `dev-${user}`,
      pushUrls: order.pushUrls,
      topics: asked,
      isRefreshing: ttl !== undefined && random() < ttl.refreshing,
      token: (of) => shop.token(of, { topics: asked, ttlS }),
      random,
      log: fleetLog,
    });
    devices.set(user, device);
    void device.run();
  }
  setInterval(() => {
    fleetLog.flush(); // first the log, then the acks
    for (const device of devices.values()) device.tend();
    process.send?.(status());
  }, ackEveryMs);
}

function steer(command: Exclude<FleetCommand, { kind: 'start' | 'stop' }>): void {
  if (command.kind === 'leave') for (const user of command.users) devices.get(user)?.leave();
  for (const device of devices.values()) {
    if (command.kind === 'hold') device.isHolding = command.isHolding;
    if (command.kind === 'return') device.isAway = false;
    if (command.kind === 'home') device.goHome();
  }
}

function status(): FleetStatus {
  const unsettled: Record<string, number> = {};
  let open = 0;
  let got = 0;
  for (const device of devices.values()) {
    if (device.isOpen) open++;
    got += device.gotCount;
    unsettled[device.node] = (unsettled[device.node] ?? 0) + device.unsettled;
  }
  return { open, got, unsettled };
}

function stop(): void {
  for (const device of devices.values()) device.stop();
  log?.close();
  process.exit(0);
}
