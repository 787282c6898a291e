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
}

export type FleetCommand =
  | FleetOrder
  /** Acknowledge nothing, or go on. */
  | { readonly kind: 'hold'; readonly isHolding: boolean }
  | { readonly kind: 'stop' };

/** Sent to the parent several times a second. */
export interface FleetStatus {
  readonly open: number;
  readonly got: number;
  /** Frames written down but not acknowledged, per node. */
  readonly unsettled: Readonly<Record<string, number>>;
}

const ackEveryMs = 100;

let devices: Device[] = [];
let log: FleetLog | undefined;

process.on('message', (command: FleetCommand) => {
  if (command.kind === 'start') start(command);
  if (command.kind === 'hold') for (const device of devices) device.isHolding = command.isHolding;
  if (command.kind === 'stop') stop();
});
process.on('disconnect', () => process.exit(1));

function start(order: FleetOrder): void {
  const fleetLog = new FleetLog(order.logFile);
  log = fleetLog;
  const random = seededRandom(order.seed);
  const shop = new TokenShop(order.authUrl, process.env['CARILLON_KEY'] ?? '');
  devices = order.users.map(
    (user) =>
      new Device({
        user,
        device: `dev-${user}`,
        pushUrls: order.pushUrls,
        token: (of) => shop.token(of),
        random,
        log: fleetLog,
      }),
  );
  for (const device of devices) void device.run();
  setInterval(() => {
    fleetLog.flush(); // first the log, then the acks
    for (const device of devices) device.ack();
    process.send?.(status());
  }, ackEveryMs);
}

function status(): FleetStatus {
  const unsettled: Record<string, number> = {};
  let open = 0;
  let got = 0;
  for (const device of devices) {
    if (device.isOpen) open++;
    got += device.gotCount;
    unsettled[device.node] = (unsettled[device.node] ?? 0) + device.unsettled;
  }
  return { open, got, unsettled };
}

function stop(): void {
  for (const device of devices) device.stop();
  log?.close();
  process.exit(0);
}
