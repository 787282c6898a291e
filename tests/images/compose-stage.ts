// Runs docker-compose.yml without an engine: every service in a box of its own, then a message from a
// producer to a client through the proxy, then the end of every service of ours.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ComposeFile } from './compose-file.ts';
import { Composition } from './composition.ts';
import { privilegesOf, writesOf } from './facts.ts';
import { FrontDoor } from './front-door.ts';
import { type Network, startNetwork } from './network.ts';
import type { Plan } from './plan.ts';
import { judged, type Row } from './report.ts';

const checkout = join(import.meta.dirname, '../..');
const executeTimeoutMs = 10_000;
const engineNameServer = '127.0.0.11';
const proxyName = 'haproxy';
const returnsPerNode = 3;

export async function runCompose(
  plan: Plan,
  compose: ComposeFile,
  say: (text: string) => void,
): Promise<Row[]> {
  const names = compose.services.map(({ name }) => name);
  const network = startNetwork(names, compose.subnet, plan.folder);
  const answering = startNameServers(network);
  const composition = new Composition({ plan, compose, network, checkout, say });
  try {
    const startMs = await composition.start();
    const proxy = `http://${network.addresses.get(proxyName)}:${publishedPort(compose)}`;
    const { code, output } = await composition
      .box('auth')
      .execute(['cat', '/data/admin-key'], executeTimeoutMs);
    if (code !== 0) throw new Error(`auth shows no admin key: ${output}`);
    return [
      ...startRows(compose, composition, startMs),
      ...(await privilegeRows(compose, composition)),
      ...(await deliveryRows(new FrontDoor(proxy, output.trim()), say)),
      ...(await stopRows(compose, composition, say)),
    ];
  } finally {
    for (const server of answering) server.kill('SIGKILL');
  }
}

/**
 * An engine answers at one address in every network: HAProxy is told so. Others ask where their box tells
 * them to.
 */
function startNameServers(network: Network): ChildProcess[] {
  const program = join(import.meta.dirname, 'names-server.ts');
  const answering = (address: string) => [process.execPath, program, address, network.hostsFile];
  const inside = ['nsenter', `--net=${network.namespaceOf(proxyName)}`, ...answering(engineNameServer)];
  return [answering(network.gateway), inside].map((words) => spawn('env', words, { stdio: 'inherit' }));
}

/** `127.0.0.1:8080:8080` → the one inside. */
function publishedPort({ services }: ComposeFile): string {
  const ports = services.flatMap((service) => service.ports.map((port) => ({ name: service.name, port })));
  const [first] = ports;
  if (!first || ports.length > 1 || first.name !== proxyName)
    throw new Error('docker-compose.yml publishes something else than one port of haproxy.');
  return first.port.split(':').at(-1) ?? '';
}

function startRows({ services }: ComposeFile, composition: Composition, startMs: number): Row[] {
  const { healthyAfterMs } = composition;
  return [
    judged('compose: services healthy or done', {
      is: String(healthyAfterMs.size),
      must: String(services.length),
    }),
    { what: 'compose: start of the first to health of the last', is: `${startMs} ms` },
    ...ownServices(services).map((name) => ({
      what: `compose: ${name}, start to healthy`,
      is: `${healthyAfterMs.get(name)} ms`,
    })),
  ];
}

async function privilegeRows({ services }: ComposeFile, composition: Composition): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of ownServices(services)) {
    const box = composition.box(name);
    rows.push(
      judged(`compose: ${name} runs as`, {
        is: await privilegesOf(box),
        must: 'uid 10001, gid 10001, no capabilities, no new privileges',
      }),
      judged(`compose: ${name} may write`, {
        is: await writesOf(box, ['/app', '/tmp']),
        must: '/app EROFS, /tmp written',
      }),
    );
  }
  return rows;
}

async function deliveryRows(door: FrontDoor, say: (text: string) => void): Promise<Row[]> {
  const token = await door.token('ann');
  const first = await door.connect(token, 'first');
  const second = await door.connect(token, 'second');
  const id = await door.post('ann');
  await first.got((frame) => frame.id === id);
  await second.got((frame) => frame.id === id);
  const { status, nodes } = await door.outcome(id, 'ann', 2);
  say(`${id} is ${status}, by ${nodes.join(' and ')}`);
  const rows = [
    judged('compose: a message posted through haproxy is', { is: status, must: 'delivered' }),
    judged('compose: nodes that sent it', { is: nodes.toSorted().join(', '), must: 'push-1, push-2' }),
  ];
  for (const [at, visitor] of [first, second].entries()) {
    const { cookie } = visitor;
    await visitor.leave();
    const seen: string[] = [];
    for (let nth = 0; nth < returnsPerNode; nth += 1) {
      const user = `back-${at}-${nth}`;
      const back = await door.connect(await door.token(user), 'd1', cookie);
      const message = await door.post(user);
      await back.got((frame) => frame.id === message);
      seen.push(...(await door.outcome(message, user)).nodes);
      await back.leave();
    }
    rows.push(
      judged(`compose: nodes of ${returnsPerNode} returns with the cookie ${cookie}`, {
        is: String(new Set(seen).size),
        must: '1',
      }),
    );
  }
  return rows;
}

/** The proxy first, as an engine ends what depends on others before these. */
async function stopRows(
  { services }: ComposeFile,
  composition: Composition,
  say: (text: string) => void,
): Promise<Row[]> {
  await composition.stop(proxyName);
  const names = ownServices(services);
  const ends = await Promise.all(names.map((name) => composition.stop(name)));
  const rows = names.flatMap((name, at) => {
    const { code = null, tookMs = 0 } = ends[at] ?? {};
    say(`${name} ended with ${code} after ${tookMs} ms`);
    if (code !== 0) say(composition.box(name).lastWords);
    return [
      { what: `compose: ${name}, drain`, is: `${tookMs} ms` },
      judged(`compose: ${name}, exit code after SIGTERM`, { is: String(code), must: '0' }),
    ];
  });
  const others = services.filter(
    ({ target, healthcheck }) => target === undefined && healthcheck !== undefined,
  );
  await Promise.all(others.map(({ name }) => composition.stop(name)));
  return rows;
}

function ownServices(services: ComposeFile['services']): string[] {
  return services.filter(({ target }) => target !== undefined).map(({ name }) => name);
}
