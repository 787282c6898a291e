// What stands for an image that others publish: the same kind of server from this machine, called as the
// image's entry point would call it. Must fail for an image that it does not know.
import { join } from 'node:path';
import type { Bind } from './launch-script.ts';

/** Where the checkout is inside, for what is written in TypeScript. */
const checkoutInside = '/srv/checkout';

interface Stand {
  /** Put in front of the command. */
  readonly entry: (command: readonly string[]) => readonly string[];
  readonly programs: readonly string[];
}

/** `-n`: fewer connections than the file allows, for whose descriptors a machine may have no right. */
const proxyOptions = ['-W', '-db', '-n', '4000', '-f', '/usr/local/etc/haproxy/haproxy.cfg'];

const stands: Readonly<Record<string, Stand>> = {
  mongo: { entry: orProgram('mongod'), programs: ['mongod', 'mongosh'] },
  redis: { entry: orProgram('redis-server'), programs: ['redis-server', 'redis-cli'] },
  nats: { entry: orProgram('nats-server'), programs: ['nats-server', 'wget'] },
  haproxy: {
    entry: (command) => (command.length > 0 ? command : ['haproxy', ...proxyOptions]),
    programs: ['haproxy'],
  },
};

export interface StandIn {
  readonly command: readonly string[];
  readonly binds: readonly Bind[];
}

/** @param programs paths on this machine by name; `mongosh` is made of `node` and our own stand-in. */
export function standInFor(
  image: string,
  command: readonly string[],
  { programs, checkout }: { programs: Readonly<Record<string, string>>; checkout: string },
): StandIn {
  const name = /([^/:]+):[^:]+$/.exec(image)?.[1] ?? '';
  const stand = stands[name];
  if (!stand) throw new Error(`Nothing here stands for the image ${image}.`);
  const binds = stand.programs.flatMap((program) => bindsOf(program, { programs, checkout }));
  return { command: stand.entry(command), binds };
}

/** The entry points of these images call their server when the command is only options. */
function orProgram(program: string): (command: readonly string[]) => readonly string[] {
  return (command) =>
    command[0] === undefined || command[0].startsWith('-') ? [program, ...command] : command;
}

function bindsOf(
  program: string,
  { programs, checkout }: { programs: Readonly<Record<string, string>>; checkout: string },
): Bind[] {
  const from = programs[program];
  if (from === undefined) throw new Error(`No ${program} was found on this machine.`);
  const own: Bind = { from, to: join('/usr/local/bin', program), isReadOnly: true };
  if (program !== 'mongosh') return [own];
  return [
    own,
    { from: programs['node'] ?? '', to: '/usr/local/bin/node', isReadOnly: true },
    { from: checkout, to: checkoutInside, isReadOnly: true },
  ];
}

/** A program for the shell that runs our stand-in. */
export const mongoshProgram = `#!/bin/sh\nexec node ${checkoutInside}/tests/images/mongosh.ts "$@"\n`;
