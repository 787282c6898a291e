/**
 * The keys of the nouns: tenant, user, device, log, node. A key is one string whose parts are joined by `/`,
 * which no name may contain, so a key can be taken apart again and never mixes two tenants.
 */
import { isName } from '@carillon/wire';

declare const kind: unique symbol;
type Key<K extends string> = string & { readonly [kind]: K };

/** `<tenant>/<user>` */
export type UserKey = Key<'user'>;
/** `<tenant>/<user>/<device>` */
export type DeviceKey = Key<'device'>;
/** `<tenant>/user:<user>`, `<tenant>/topic:<topic>` or `<tenant>/all` */
export type LogKey = Key<'log'>;
/** One boot of one Push node, `<node>~<boot>`; usable as a single token of a bus subject. */
export type Incarnation = Key<'incarnation'>;

const nodeName = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws RangeError when a part is not a name (see `nameRule` in wire). */
export function userKey(tenant: string, user: string): UserKey {
  return `${checked(tenant)}/${checked(user)}` as UserKey;
}

/** @throws RangeError when the device is not a name. */
export function deviceKey(user: UserKey, device: string): DeviceKey {
  return `${user}/${checked(device)}` as DeviceKey;
}

/** The inbox of a user. */
export function userLog(user: UserKey): LogKey {
  const slash = user.indexOf('/');
  return `${user.slice(0, slash)}/user:${user.slice(slash + 1)}` as LogKey;
}

/** @throws RangeError when a part is not a name. */
export function topicLog(tenant: string, topic: string): LogKey {
  return `${checked(tenant)}/topic:${checked(topic)}` as LogKey;
}

/** The log that everybody of a tenant follows. */
export function allLog(tenant: string): LogKey {
  return `${checked(tenant)}/all` as LogKey;
}

/** @throws RangeError when the node's name has other characters than letters, digits, `_` and `-`. */
export function incarnation(node: string, boot: string): Incarnation {
  if (!nodeName.test(node) || !nodeName.test(boot)) {
    throw new RangeError(
      `a node's name has 1 to 64 letters, digits, "_" or "-", not ${JSON.stringify(node)}`,
    );
  }
  return `${node}~${boot}` as Incarnation;
}

/** Whether the log is the inbox of one user, whoever that is. */
export function isUserLog(log: LogKey): boolean {
  return log.startsWith('user:', log.indexOf('/') + 1);
}

/** The user whose inbox this log is, or undefined for topics and `all`. */
export function logUser(log: LogKey): UserKey | undefined {
  const slash = log.indexOf('/');
  if (!log.startsWith('user:', slash + 1)) return undefined;
  return `${log.slice(0, slash)}/${log.slice(slash + 6)}` as UserKey;
}

/**
 * How a log is called in frames: `user`, `topic:<topic>` or `all`;
 * the receiver is told neither tenant nor user.
 */
export function wireLog(log: LogKey): string {
  const slash = log.indexOf('/');
  return log.startsWith('user:', slash + 1) ? 'user' : log.slice(slash + 1);
}

/** The log that a frame of this user means by its wire name, or undefined when it is no log's name. */
export function logFromWire(user: UserKey, name: string): LogKey | undefined {
  if (name === 'user') return userLog(user);
  const tenant = tenantOf(user);
  if (name === 'all') return allLog(tenant);
  if (name.startsWith('topic:') && isName(name.slice(6))) return topicLog(tenant, name.slice(6));
  return undefined;
}

/** The tenant of any key. */
export function tenantOf(key: UserKey | DeviceKey | LogKey): string {
  return key.slice(0, key.indexOf('/'));
}

/** The user's own name within the tenant. */
export function userName(user: UserKey): string {
  return user.slice(user.indexOf('/') + 1);
}

/** The user of a device. */
export function deviceUser(device: DeviceKey): UserKey {
  return device.slice(0, device.lastIndexOf('/')) as UserKey;
}

/** The device's own name within the user. */
export function deviceName(device: DeviceKey): string {
  return device.slice(device.lastIndexOf('/') + 1);
}

function checked(name: string): string {
  if (!isName(name)) throw new RangeError(`not a name: ${JSON.stringify(String(name).slice(0, 40))}`);
  return name;
}
