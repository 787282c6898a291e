/** What Cursors promises: positions that only ever rise, whoever writes them. */
import { describe, expect, it } from 'vitest';
import { type DeviceKey, deviceKey, type LogKey, userKey, userLog } from '../keys.js';
import type { CursorMove } from '../ports/cursors.js';
import { devicesOf, freshInbox, freshName, freshTopic, freshUser, span } from './specimens.js';
import type { StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function cursorsContract(subject: StoreSubject): void {
  describe('Cursors', () => {
    moving(subject);
    telling(subject);
    tellingMany(subject);
  });
}

function moving({ store, other }: StoreSubject): void {
  it.each(['begin', 'advance'] as const)('raises positions with %s and never lowers them', async (move) => {
    const [device, log] = [someDevice(), freshInbox()];
    for (const [seq, expected] of [
      [5, 5],
      [3, 5],
      [5, 5],
      [9, 9],
      [0, 9],
    ] as const) {
      await store().cursors[move]([{ device, log, seq }]);
      expect(await position(device, log)).toBe(expected);
    }
  });

  it('lets begin and advance raise the same position', async () => {
    const [device, log] = [someDevice(), freshInbox()];
    await store().cursors.begin([{ device, log, seq: 4 }]);
    await other().cursors.advance([{ device, log, seq: 6 }]);
    await store().cursors.begin([{ device, log, seq: 5 }]);
    expect(await position(device, log)).toBe(6);
  });

  it('stores a position of 0 as one', async () => {
    const [device, log] = [someDevice(), freshInbox()];
    await store().cursors.begin([{ device, log, seq: 0 }]);
    expect(await position(device, log)).toBe(0);
  });

  it('keeps the highest where one call has several moves of one position', async () => {
    const [device, log] = [someDevice(), freshInbox()];
    await store().cursors.advance([7, 2, 9, 4].map((seq) => ({ device, log, seq })));
    expect(await position(device, log)).toBe(9);
  });

  it('keeps the highest of 40 moves that race', async () => {
    const [device, log] = [someDevice(), freshInbox()];
    const calls = span(1, 40).map((n) => ({ device, log, seq: (n * 17) % 41 }));
    await Promise.all(
      calls.map((move, n) => {
        const cursors = (n % 2 ? store() : other()).cursors;
        return n % 3 ? cursors.advance([move]) : cursors.begin([move]);
      }),
    );
    expect(await position(device, log)).toBe(40);
  });

  it('moves 300 positions in one call, and none', async () => {
    const log = freshTopic();
    const user = freshUser();
    const moves = span(1, 300).map((n): CursorMove => ({ device: deviceKey(user, `d${n}`), log, seq: n }));
    await store().cursors.advance(moves);
    await store().cursors.advance([]);
    await store().cursors.begin([]);
    for (const n of [1, 150, 300]) expect(await position(moves[n - 1]!.device, log)).toBe(n);
    expect((await other().cursors.furthest([log])).get(log)).toBe(300);
  });

  async function position(device: DeviceKey, log: LogKey): Promise<number | undefined> {
    return (await other().cursors.load(device, [log])).get(log);
  }
}

function telling({ store, other }: StoreSubject): void {
  it('loads the positions of one device on the logs asked for, and no others', async () => {
    const user = freshUser();
    const [a, b] = devicesOf(user, ['d1', 'd2']);
    const [inbox, topic, never] = [userLog(user), freshTopic(), freshTopic()];
    await store().cursors.begin([
      { device: a!, log: inbox, seq: 3 },
      { device: a!, log: topic, seq: 8 },
      { device: b!, log: inbox, seq: 5 },
    ]);
    const load = async (device: DeviceKey, logs: LogKey[]) =>
      new Map(await other().cursors.load(device, logs));
    expect(await load(a!, [inbox, topic, never])).toEqual(
      new Map([
        [inbox, 3],
        [topic, 8],
      ]),
    );
    expect(await load(a!, [topic])).toEqual(new Map([[topic, 8]]));
    expect(await load(b!, [inbox, topic])).toEqual(new Map([[inbox, 5]]));
    expect(await load(a!, [])).toEqual(new Map());
  });

  it('tells devices apart whose names contain marks that keys are joined with', async () => {
    const user = freshUser();
    const log = userLog(user);
    const devices = devicesOf(user, ['d', 'd@d', 'd.', 'd_', 'D', 'dd', 'd@user:u', 'd:1']);
    await store().cursors.begin(devices.map((device, n) => ({ device, log, seq: n + 1 })));
    for (const [n, device] of devices.entries()) {
      expect((await other().cursors.load(device, [log])).get(log)).toBe(n + 1);
    }
  });

  it('tells the furthest position of any device on each log, 0 where there is none', async () => {
    const tenant = freshName();
    const [ann, bob] = ['ann', 'bob'].map((name) => userKey(tenant, name));
    const [topic, inbox, never] = [freshTopic(), userLog(ann!), freshInbox()];
    await store().cursors.begin([
      { device: deviceKey(ann!, 'd1'), log: topic, seq: 4 },
      { device: deviceKey(bob!, 'd1'), log: topic, seq: 9 },
      { device: deviceKey(ann!, 'd1'), log: inbox, seq: 2 },
      { device: deviceKey(ann!, 'd2'), log: inbox, seq: 1 },
    ]);
    const furthest = await other().cursors.furthest([topic, inbox, never]);
    expect(new Map(furthest)).toEqual(
      new Map([
        [topic, 9],
        [inbox, 2],
        [never, 0],
      ]),
    );
  });
}

function tellingMany({ store, other }: StoreSubject): void {
  it('loads the positions of many devices in the order of the questions', async () => {
    const tenant = freshName();
    const topic = freshTopic();
    const questions = span(1, 220).map((n) => {
      const user = userKey(tenant, `u${n}`);
      return { device: deviceKey(user, 'd'), logs: n % 7 ? [userLog(user), topic] : [] };
    });
    const moves = questions.flatMap(({ device, logs }, n) =>
      logs.slice(n % 3).map((log, at) => ({ device, log, seq: n + at })),
    );
    await store().cursors.begin(moves);
    const one = await Promise.all(questions.map(({ device, logs }) => store().cursors.load(device, logs)));
    const all = await other().cursors.loadMany([...questions].reverse());
    expect(all.map((each) => new Map(each))).toEqual(one.map((each) => new Map(each)).reverse());
    expect(all.some((each) => each.size === 2)).toBe(true);
    expect(await other().cursors.loadMany([])).toEqual([]);
  });

  it('answers the same question twice, and tells devices of one user apart', async () => {
    const user = freshUser();
    const [log, topic] = [userLog(user), freshTopic()];
    const [a, b] = devicesOf(user, ['d', 'd@d']);
    await store().cursors.begin([
      { device: a!, log, seq: 3 },
      { device: b!, log: topic, seq: 4 },
    ]);
    const found = await other().cursors.loadMany([
      { device: a!, logs: [log, topic] },
      { device: b!, logs: [log, topic] },
      { device: a!, logs: [log, log] },
    ]);
    expect(found.map((each) => [...each])).toEqual([[[log, 3]], [[topic, 4]], [[log, 3]]]);
  });
}

function someDevice(): DeviceKey {
  return deviceKey(freshUser(), 'd1');
}
