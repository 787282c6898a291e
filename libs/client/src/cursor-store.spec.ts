/** Positions in localStorage and sessionStorage, alone and under the whole SDK. */
import { describe, expect, it } from 'vitest';
import { Carillon } from './carillon.js';
import type { CursorStorage } from './cursor-store.js';
import { localCursors } from './cursor-store.js';
import { FakeWorld, messageAt, startAt } from './testing/fake-world.js';

function memoryStorage(): CursorStorage & { readonly all: Map<string, string> } {
  const all = new Map<string, string>();
  return {
    all,
    get length() {
      return all.size;
    },
    key: (at) => [...all.keys()][at] ?? null,
    getItem: (key) => all.get(key) ?? null,
    setItem: (key, value) => void all.set(key, value),
    removeItem: (key) => void all.delete(key),
  };
}

const at = (seq: number, more = {}) => ({
  user: 'u',
  epoch: 'e1',
  log: 'user',
  seq,
  isReset: false,
  ...more,
});

describe('localCursors', () => {
  it('keeps one device per browser profile', () => {
    const local = memoryStorage();
    const { device } = localCursors({ local, session: memoryStorage() });
    expect(device).toMatch(/^d_[a-z0-9]{10,}$/);
    expect(localCursors({ local, session: memoryStorage() }).device).toBe(device);
    expect(localCursors({ local: memoryStorage(), session: memoryStorage() }).device).not.toBe(device);
  });

  it('loads nothing where nothing was kept', () => {
    expect(localCursors({ local: memoryStorage(), session: memoryStorage() }).load()).toBeUndefined();
  });

  it('lets a reload go on where its tab was, and a new tab where the furthest tab is', () => {
    const local = memoryStorage();
    const sessions = [memoryStorage(), memoryStorage()];
    const [one, two] = sessions.map((session) => localCursors({ local, session }));
    one?.keep(at(10));
    two?.keep(at(25));
    one?.keep(at(11));
    two?.keep(at(7, { log: 'topic:x' }));
    const load = (session: CursorStorage) => localCursors({ local, session }).load();
    expect(load(sessions[0]!)).toEqual({ user: 'u', epoch: 'e1', cursors: { user: 11, 'topic:x': 7 } });
    expect(load(sessions[1]!)?.cursors).toEqual({ user: 25, 'topic:x': 7 });
    expect(load(memoryStorage())?.cursors).toEqual({ user: 25, 'topic:x': 7 });
  });

  it('goes down only where the server said so', () => {
    const local = memoryStorage();
    const store = localCursors({ local, session: memoryStorage() });
    store.keep(at(10));
    store.keep(at(4));
    expect(localCursors({ local, session: memoryStorage() }).load()?.cursors).toEqual({ user: 10 });
    store.keep(at(4, { isReset: true }));
    expect(localCursors({ local, session: memoryStorage() }).load()?.cursors).toEqual({ user: 4 });
  });

  it('forgets the positions of another user or epoch, and nothing that is not its own', () => {
    const local = memoryStorage();
    local.setItem('carillonista', 'kept');
    const store = localCursors({ local, session: memoryStorage() });
    store.keep(at(10));
    store.keep(at(3, { epoch: 'e2' }));
    store.keep(at(5, { user: 'other' }));
    expect(store.load()).toEqual({ user: 'other', epoch: 'e1', cursors: { user: 5 } });
    expect([...local.all.keys()].sort()).toEqual([
      'carillon',
      'carillon.device',
      'carillon/other/e1/user',
      'carillonista',
    ]);
  });

  it('works without storage: an ephemeral device that remembers nothing', () => {
    const fail = () => {
      throw new Error('SecurityError');
    };
    const broken = { length: 0, key: fail, getItem: fail, setItem: fail, removeItem: fail };
    const store = localCursors({ local: broken, session: broken });
    store.keep(at(1));
    expect(store.load()).toBeUndefined();
    expect(store.device).toBeUndefined();
    const absent = localCursors();
    expect(absent.load()).toBeUndefined();
  });

  it('does not take damaged positions', () => {
    const local = memoryStorage();
    local.setItem('carillon', 'u/e1');
    local.setItem('carillon/u/e1/user', 'x');
    local.setItem('carillon/u/e1/all', '-5');
    expect(localCursors({ local, session: memoryStorage() }).load()).toEqual({
      user: 'u',
      epoch: 'e1',
      cursors: {},
    });
  });
});

describe('a page that reloads in the middle of a burst', () => {
  it('shows every message once, in order', async () => {
    const storages = { local: memoryStorage(), session: memoryStorage() };
    const seen: (number | undefined)[] = [];
    const open = () => {
      const world = new FakeWorld();
      const cursors = localCursors(storages);
      const carillon = new Carillon('https://push.example', {
        token: () => 'jwt',
        cursors,
        ...world.surroundings,
      });
      carillon.on('message', ({ seq }) => seen.push(seq));
      return { world, cursors };
    };
    const before = open();
    const first = await before.world.open();
    first.push(messageAt(1), messageAt(2), messageAt(3));
    await before.world.settle();
    // The page is gone before the ack is sent.
    expect(first.sent('ack')).toEqual([]);
    const after = open();
    await after.world.settle();
    after.world.socket.accept();
    expect(after.world.socket.hello).toMatchObject({
      user: 'u',
      epoch: 'e1',
      device: before.cursors.device,
      cursors: { user: 3 },
    });
    const second = await openAgain(after.world);
    second.push(messageAt(4), messageAt(5));
    await after.world.settle();
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

async function openAgain(world: FakeWorld) {
  return world.open({ user: startAt(3, 5) });
}
