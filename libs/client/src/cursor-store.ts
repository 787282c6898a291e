/**
 * Where settled positions outlive the page: the interface, and the store in localStorage and sessionStorage.
 * Must never stand in the way of delivery: a browser that refuses storage only loses the memory.
 */
import type { Move, SavedPositions } from './session-core.js';

/** Keeps positions per (user, epoch, log). Without one, positions live as long as the SDK. */
export interface CursorStore {
  /** Lasting id of this browser profile; absent: an ephemeral device. */
  readonly device?: string;
  /**
   * Positions of the user whose positions were kept last; undefined where there are none. Called once, at the
   * start: a store that is slow to read reads before it is handed over.
   */
  load(): SavedPositions | undefined;
  /** After every settled message. Never throws; must keep a position from going down unless `isReset`. */
  keep(move: Move): void;
}

/** The part of Storage that is used. */
export type CursorStorage = Pick<Storage, 'length' | 'key' | 'getItem' | 'setItem' | 'removeItem'>;

/** What `localCursors` works on; the browser's own where absent. */
export interface LocalCursorsOptions {
  /** Shared by all tabs: the device's id and the furthest position of any tab. */
  readonly local?: CursorStorage;
  /** Of this tab: its own position, so that a reload misses nothing that only another tab has shown. */
  readonly session?: CursorStorage;
  /** First part of every key; one per server that the page talks to. */
  readonly scope?: string;
  readonly random?: () => number;
}

/** A reload goes on where this tab was; a new tab where the furthest tab of this browser is. Keys are
 *  `<scope>/<user>/<epoch>/<log>`; `<scope>` holds whose positions these are, `<scope>.device` the device. */
export function localCursors(options: LocalCursorsOptions = {}): CursorStore {
  const { scope = 'carillon', random = Math.random } = options;
  const local = guarded(options.local, () => localStorage);
  const session = guarded(options.session, () => sessionStorage);
  const deviceKey = `${scope}.device`;
  let device = local.get(deviceKey);
  if (!device) {
    device = randomId('d_', random);
    local.set(deviceKey, device);
    // What could not be kept would be a new device at every reload.
    if (local.get(deviceKey) !== device) device = undefined;
  }
  return {
    ...(device !== undefined && { device }),
    load() {
      const owner = session.get(scope) ?? local.get(scope);
      const [user, epoch] = owner?.split('/') ?? [];
      if (!user || !epoch) return undefined;
      const prefix = `${scope}/${user}/${epoch}/`;
      const cursors: Record<string, number> = {};
      for (const key of [...local.keys(), ...session.keys()]) {
        const seq = Number(session.get(key) ?? local.get(key));
        if (key.startsWith(prefix) && isPosition(seq)) cursors[key.slice(prefix.length)] = seq;
      }
      return { user, epoch, cursors };
    },
    keep({ user, epoch, log, seq, isReset }) {
      const owner = `${user}/${epoch}`;
      const key = `${scope}/${owner}/${log}`;
      for (const storage of [local, session]) {
        if (storage.get(scope) !== owner) own(storage, scope, owner);
        if (isReset || storage === session || seq > Number(storage.get(key) ?? -1))
          storage.set(key, String(seq));
      }
    },
  };
}

function isPosition(seq: number): boolean {
  return Number.isSafeInteger(seq) && seq >= 0;
}

/** An id that no other device of the user has, from two draws. */
function randomId(prefix: string, random: () => number): string {
  return prefix + [random(), random()].map((draw) => draw.toString(36).slice(2)).join('');
}

/** Positions of whoever was here before are of no use any more: the server would not take them. */
function own(storage: GuardedStorage, scope: string, owner: string): void {
  for (const key of storage.keys()) {
    if (key.startsWith(`${scope}/`) && !key.startsWith(`${scope}/${owner}/`)) storage.remove(key);
  }
  storage.set(scope, owner);
}

interface GuardedStorage {
  readonly get: (key: string) => string | undefined;
  readonly set: (key: string, value: string) => void;
  readonly remove: (key: string) => void;
  readonly keys: () => string[];
}

function guarded(given: CursorStorage | undefined, own: () => CursorStorage): GuardedStorage {
  const attempt = <T>(use: (storage: CursorStorage) => T): T | undefined => {
    try {
      return use(given ?? own());
    } catch {
      // Blocked or full storage throws at any use; the positions in memory are still right.
      return undefined;
    }
  };
  return {
    get: (key) => attempt((storage) => storage.getItem(key)) ?? undefined,
    set: (key, value) => attempt((storage) => storage.setItem(key, value)),
    remove: (key) => attempt((storage) => storage.removeItem(key)),
    keys: () => {
      const keys = attempt((storage) => Array.from({ length: storage.length }, (_, at) => storage.key(at)));
      return (keys ?? []).filter((key) => key !== null);
    },
  };
}
