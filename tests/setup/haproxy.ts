// The HAProxy that specs balance with: the one on this machine, installed by apt when we are root and it is
// missing. Must never be another balancer in its place.
import { programPath } from './apt.ts';

/** An executable HAProxy. @throws one sentence with the remedy */
export function haproxyPath(): Promise<string> {
  // Debian has it where only root looks.
  return programPath({ title: 'HAProxy', packageName: 'haproxy', names: ['haproxy', '../sbin/haproxy'] });
}
