/** What Devices promises: a bounded list per user; who is forgotten takes the cursors along. */
import { describe, expect, it } from 'vitest';
import { type DeviceKey, deviceKey, userKey, userLog } from '../keys.js';
import { devicesOf, freshName, freshTopic, freshUser, span, acceptedAt as start } from './specimens.js';
import type { StoreSubject } from './store-subject.js';

/** Registers the suite. */
export function devicesContract(subject: StoreSubject): void {
  describe('Devices', () => {
    listing(subject);
    evicting(subject);
    forgetting(subject);
  });
}

function listing({ store, other }: StoreSubject): void {
  it('lists the devices of a user, most recently seen first', async () => {
    const user = freshUser();
    const [a, b, c] = devicesOf(user, ['a', 'b', 'c']);
    for (const [device, at] of [
      [a!, 1],
      [b!, 2],
      [c!, 3],
      [a!, 4],
    ] as const) {
      await store().devices.seen([{ device, at: start + at, app: `app ${at}` }], 20);
    }
    expect(await other().devices.ofUser(user)).toEqual([
      { key: a, firstSeenAt: start + 1, lastSeenAt: start + 4, app: 'app 4' },
      { key: c, firstSeenAt: start + 3, lastSeenAt: start + 3, app: 'app 3' },
      { key: b, firstSeenAt: start + 2, lastSeenAt: start + 2, app: 'app 2' },
    ]);
  });

  it('notes a device without an app', async () => {
    const user = freshUser();
    const [device] = devicesOf(user, ['a']);
    await store().devices.seen([{ device: device!, at: start }], 20);
    expect(await other().devices.ofUser(user)).toEqual([
      { key: device, firstSeenAt: start, lastSeenAt: start },
    ]);
  });

  it('does not make a device older by a sighting that comes late', async () => {
    const user = freshUser();
    const [device] = devicesOf(user, ['a']);
    for (const at of [5, 2]) await store().devices.seen([{ device: device!, at: start + at }], 20);
    expect((await other().devices.ofUser(user))[0]?.lastSeenAt).toBe(start + 5);
  });

  it('knows nothing of a user whose name is only the beginning of another', async () => {
    const tenant = freshName();
    const users = ['u', 'u1', 'u.', 'U'].map((name) => userKey(tenant, name));
    for (const user of users.slice(1))
      await store().devices.seen([{ device: deviceKey(user, 'd'), at: start }], 20);
    expect(await other().devices.ofUser(users[0]!)).toEqual([]);
    expect(await other().devices.ofUser(users[2]!)).toHaveLength(1);
  });

  it('notes a device once when 20 sightings race', async () => {
    const user = freshUser();
    const [device] = devicesOf(user, ['a']);
    await Promise.all(
      span(1, 20).map((n) =>
        (n % 2 ? store() : other()).devices.seen([{ device: device!, at: start + n }], 20),
      ),
    );
    const found = await other().devices.ofUser(user);
    expect(found.map((each) => [each.key, each.lastSeenAt])).toEqual([[device, start + 20]]);
  });
}

function evicting({ store, other }: StoreSubject): void {
  it('forgets the devices seen longest ago when there are too many', async () => {
    const user = freshUser();
    const devices = devicesOf(user, ['a', 'b', 'c', 'd', 'e']);
    for (const [n, device] of devices.entries()) await store().devices.seen([{ device, at: start + n }], 20);
    await store().devices.seen([{ device: devices[0]!, at: start + 10 }], 3);
    const keys = (await other().devices.ofUser(user)).map((each) => each.key);
    expect(keys).toEqual([devices[0], devices[4], devices[3]]);
  });

  it('forgets the cursors of a forgotten device, and only those', async () => {
    const user = freshUser();
    const neighbour = userKey(freshName(), 'u');
    const [log, topic] = [userLog(user), freshTopic()];
    const [gone, ...kept] = devicesOf(user, ['d', 'd@d', 'd.', 'dd', 'd_', 'D']);
    const foreign = deviceKey(neighbour, 'd');
    const everyone = [gone!, ...kept, foreign];
    await store().cursors.begin(
      everyone.flatMap((device) => [log, topic].map((each) => ({ device, log: each, seq: 7 }))),
    );
    for (const [n, device] of everyone.entries()) await store().devices.seen([{ device, at: start + n }], 5);
    expect((await other().devices.ofUser(user)).map((each) => each.key)).toEqual([...kept].reverse());
    const loaded = async (device: DeviceKey) => (await other().cursors.load(device, [log, topic])).size;
    expect(await loaded(gone!)).toBe(0);
    for (const device of [...kept, foreign]) expect(await loaded(device)).toBe(2);
  });

  it('starts a forgotten device anew when it is seen again', async () => {
    const user = freshUser();
    const log = userLog(user);
    const [a, b] = devicesOf(user, ['a', 'b']);
    await store().devices.seen([{ device: a!, at: start }], 1);
    await store().cursors.begin([{ device: a!, log, seq: 9 }]);
    await store().devices.seen([{ device: b!, at: start + 1 }], 1);
    await store().devices.seen([{ device: a!, at: start + 2 }], 1);
    await store().cursors.begin([{ device: a!, log, seq: 3 }]);
    expect((await other().cursors.load(a!, [log])).get(log)).toBe(3);
    expect(await other().devices.ofUser(user)).toEqual([
      { key: a, firstSeenAt: start + 2, lastSeenAt: start + 2 },
    ]);
  });
}

function forgetting({ store, other }: StoreSubject): void {
  it('forgets all devices of a user with their cursors, and nobody whose name is like theirs', async () => {
    const tenant = freshName();
    const users = ['u', 'u1', 'u.', 'U', 'u@x', 'u-'].map((name) => userKey(tenant, name));
    const topic = freshTopic();
    const devices = users.flatMap((user) => devicesOf(user, ['a', 'b']));
    for (const [n, device] of devices.entries()) await store().devices.seen([{ device, at: start + n }], 20);
    await store().cursors.begin(devices.map((device) => ({ device, log: topic, seq: 7 })));
    await other().devices.forget(users[0]!);
    expect(await store().devices.ofUser(users[0]!)).toEqual([]);
    for (const user of users.slice(1)) expect(await store().devices.ofUser(user)).toHaveLength(2);
    const loaded = await store().cursors.loadMany(devices.map((device) => ({ device, logs: [topic] })));
    expect(loaded.map((each) => each.size)).toEqual(devices.map((_, n) => (n < 2 ? 0 : 1)));
    await store().devices.forget(users[0]!);
  });

  it('forgets the cursors also of a device that was never noted', async () => {
    const user = freshUser();
    const [device] = devicesOf(user, ['a']);
    const log = userLog(user);
    await store().cursors.begin([{ device: device!, log, seq: 7 }]);
    await other().devices.forget(user);
    expect((await store().cursors.load(device!, [log])).size).toBe(0);
    expect((await store().cursors.furthest([log])).get(log)).toBe(0);
  });
}
