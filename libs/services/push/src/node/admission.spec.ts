// Who may come in: the bucket, the maximum of the node, and what those who may not are told.
import { FakeClock, SeededRandom } from '@carillon/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pushOptions } from '../push-options.fixture.js';
import type { PushOptions } from '../push-options.js';
import { PushRig, type TestDevice } from '../socket/push-rig.fixture.js';
import { Admission } from './admission.js';

const address = '192.0.2.1';
/** As the upgrade is told: no sooner, and spread so that those refused together do not come back together. */
const retryMinS = 1;
const retryMaxS = 4;

let clock: FakeClock;

beforeEach(() => {
  clock = new FakeClock();
});

function admission(options: Partial<PushOptions>): Admission {
  return new Admission(pushOptions(options), clock, new SeededRandom(7));
}

/** How many of so many that come at one moment are admitted. */
function admitted(door: Admission, count: number): number {
  const answers = Array.from({ length: count }, () => door.refuseForS(address));
  return answers.filter((answer) => answer === undefined).length;
}

describe('the bucket', () => {
  it('admits a burst at once, and nobody beyond it', () => {
    expect(admitted(admission({ admissionBurst: 5, admissionPerSecond: 10 }), 20)).toBe(5);
  });

  it('fills at the steady rate', async () => {
    const door = admission({ admissionBurst: 5, admissionPerSecond: 10 });
    admitted(door, 5);
    await clock.advance(99);
    expect(admitted(door, 1)).toBe(0);
    await clock.advance(1);
    expect(admitted(door, 2)).toBe(1);
    await clock.advance(300);
    expect(admitted(door, 20)).toBe(3);
  });

  it('admits in the long run what the rate says, however often it is asked', async () => {
    const door = admission({ admissionBurst: 1, admissionPerSecond: 10 });
    let sum = admitted(door, 1);
    for (let ms = 0; ms < 10_000; ms += 7) {
      await clock.advance(7);
      sum += admitted(door, 3);
    }
    expect(sum).toBeGreaterThanOrEqual(95);
    expect(sum).toBeLessThanOrEqual(101);
  });

  it('never holds more than a burst, however long nobody came', async () => {
    const door = admission({ admissionBurst: 5, admissionPerSecond: 10 });
    await clock.advance(3_600_000);
    expect(admitted(door, 20)).toBe(5);
  });

  it('does not believe a jump of the wall clock', () => {
    const door = admission({ admissionBurst: 5, admissionPerSecond: 10 });
    admitted(door, 5);
    clock.jump(3_600_000);
    expect(admitted(door, 1)).toBe(0);
  });

  it('gives no place to an address that has its fill, and so takes none from others', () => {
    const door = admission({ admissionBurst: 1, admissionPerSecond: 1, socketsPerAddressMax: 1 });
    door.opened(address);
    expect(admitted(door, 20)).toBe(0);
    expect(door.refuseForS('192.0.2.2')).toBeUndefined();
  });
});

describe('connectionsMax', () => {
  it('is how many may be open, whatever their addresses; one that closes makes room', () => {
    const door = admission({ connectionsMax: 2 });
    door.opened('192.0.2.1');
    expect(admitted(door, 1)).toBe(1);
    door.opened('192.0.2.2');
    expect(door.refuseForS('192.0.2.3')).toBeDefined();
    door.closed('192.0.2.1');
    expect(door.refuseForS('192.0.2.3')).toBeUndefined();
  });

  it('takes no place in the bucket from those who come when there is room', () => {
    const door = admission({ connectionsMax: 1, admissionBurst: 1, admissionPerSecond: 1 });
    door.opened(address);
    expect(admitted(door, 20)).toBe(0);
    door.closed(address);
    expect(admitted(door, 1)).toBe(1);
  });
});

describe('the time after which to come back', () => {
  it.each<[string, Partial<PushOptions>]>([
    ['too many come in', { admissionBurst: 0 }],
    ['too many are here', { connectionsMax: 0 }],
    ['an address has its fill', { socketsPerAddressMax: 0 }],
  ])('is spread over whole seconds within its bounds where %s', (_name, options) => {
    const door = admission(options);
    const told = Array.from({ length: 400 }, () => door.refuseForS(address) ?? Number.NaN);
    const counts = Map.groupBy(told, (seconds) => seconds);
    expect([...counts.keys()].sort((one, other) => one - other)).toEqual([retryMinS, 2, 3, retryMaxS]);
    for (const { length } of counts.values()) expect(length).toBeGreaterThan(60);
  });
});

describe('a refused upgrade', () => {
  let rig: PushRig;

  afterEach(() => rig.stop());

  async function refusalOf(device: TestDevice) {
    const answered = new Promise<Record<string, string | string[] | undefined>>((resolve) => {
      device.socket.once('unexpected-response', (_, { statusCode, headers }) =>
        resolve({ status: String(statusCode), ...headers }),
      );
    });
    await expect(device.open()).rejects.toThrow('503');
    const { status, 'retry-after': retryAfter, 'content-type': type } = await answered;
    return { status, retryAfterS: Number(retryAfter), type };
  }

  const expected = {
    status: '503',
    retryAfterS: expect.toSatisfy((s: number) => Number.isInteger(s) && s >= retryMinS && s <= retryMaxS),
    type: 'application/problem+json',
  };

  it('is a 503 with that time when the bucket is empty, and let in when it has filled', async () => {
    rig = await PushRig.start({ PUSH_ADMISSION_BURST: '2', PUSH_ADMISSION_PER_SECOND: '1' });
    await rig.device().open();
    await rig.device().open();
    expect(await refusalOf(rig.device())).toEqual(expected);
    await rig.ports.clock.advance(1_000);
    await rig.device().open();
    expect(await refusalOf(rig.device())).toEqual(expected);
  });

  it('is a 503 with that time when the node is full, and let in when a socket has gone', async () => {
    rig = await PushRig.start({ PUSH_CONNECTIONS_MAX: '2' });
    const [first] = [await rig.device().open(), await rig.device().open()];
    expect(await refusalOf(rig.device())).toEqual(expected);
    first?.socket.close(1000);
    await first?.closed;
    await rig.ports.clock.advance(1);
    await rig.device().open();
  });
});
