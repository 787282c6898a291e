// A bridge with a network namespace for each service, and the names by which they know each other: what an
// engine makes of a compose file's network. Must only be used on the private machine.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const bridge = 'carillon0';
const namespaces = '/run/netns';
const hostsMax = 200;

export interface Network {
  readonly addresses: ReadonlyMap<string, string>;
  /** The file that stands for the service's network namespace. */
  namespaceOf(name: string): string;
  /** The bridge itself. */
  readonly gateway: string;
  /** Says every service's address, for /etc/hosts. */
  readonly hostsFile: string;
  /** Names the gateway as name server, for /etc/resolv.conf. */
  readonly resolvFile: string;
}

/** The private machine's own loopback; and a place for names of namespaces that nobody else sees. */
export function startLoopback(): void {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  mkdirSync(namespaces);
  ip('link', 'set', 'lo', 'up');
}

/** @param subnet `172.30.77.0/24`; the bridge is its first address, as with an engine */
export function startNetwork(names: readonly string[], subnet: string, folder: string): Network {
  const addresses = addressesIn(subnet, names);
  const gateway = addressAt(subnet, 1);
  ip('link', 'add', bridge, 'type', 'bridge');
  ip('addr', 'add', `${gateway}/24`, 'dev', bridge);
  ip('link', 'set', bridge, 'up');
  for (const [at, name] of names.entries()) {
    ip('netns', 'add', name);
    ip('link', 'add', `box${at}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', `box${at}`, 'master', bridge, 'up');
    ip('-n', name, 'addr', 'add', `${addresses.get(name)}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up');
    ip('-n', name, 'route', 'add', 'default', 'via', gateway);
  }
  const hostsFile = join(folder, 'hosts');
  writeFileSync(hostsFile, hostsText(addresses));
  const resolvFile = join(folder, 'resolv.conf');
  writeFileSync(resolvFile, `nameserver ${gateway}\n`);
  return { addresses, gateway, hostsFile, resolvFile, namespaceOf: (name) => join(namespaces, name) };
}

/** One address each, from the second on. @throws when there are more names than addresses */
export function addressesIn(subnet: string, names: readonly string[]): Map<string, string> {
  if (names.length > hostsMax) throw new Error(`A network takes ${hostsMax} services, not ${names.length}.`);
  return new Map(names.map((name, at) => [name, addressAt(subnet, at + 2)]));
}

export function hostsText(addresses: ReadonlyMap<string, string>): string {
  const lines = [...addresses].map(([name, address]) => `${address} ${name}`);
  return ['127.0.0.1 localhost', ...lines, ''].join('\n');
}

function addressAt(subnet: string, host: number): string {
  const [, net] = /^(\d+\.\d+\.\d+)\.0\/24$/.exec(subnet) ?? [];
  if (net === undefined)
    throw new Error(`${subnet} is no subnet that is understood here: give one with /24.`);
  return `${net}.${host}`;
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'inherit', 'inherit'] });
}
