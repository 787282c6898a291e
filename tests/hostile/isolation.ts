// Row "Tenant isolation" of the security table: two tenants, the same names in both, and names that mean
// something to a store, a bus or a language. Registers the specs for any Carillon.
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { helloWith, Peer } from '../conformance/peer.ts';
import type { Stage } from '../conformance/stage.ts';
import { ask, type Keys } from './victim.ts';

/** What is attacked; asked for when a spec runs. */
export interface Subject {
  readonly stage: Stage;
  readonly keys: Keys;
}

const run = randomBytes(3).toString('hex');

/** Names by the rules of the page, each of which means something somewhere. */
const oddNames = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '.',
    '..',
    'a.b',
    'a..b',
    'user:42',
    'tenant-b',
  ],
  ...[
    'a@user',
    'd1@user:x',
    '-1',
    '0',
    'null',
    'NaN',
    `${'n'.repeat(128)}`,
    'all',
    'topic:x',
    '@',
    '_id',
    '::',
  ],
];

/** Names by no rule. */
const hostileNames: readonly unknown[] = [
  ...[
    '*',
    '>',
    'a.*',
    'a.>',
    '$where',
    '$ne',
    '{"$gt":""}',
    '',
    ' ',
    'a b',
    'a/b',
    '../x',
    '..%2fx',
    'a\\b',
    "' OR 1=1",
  ],
  ...[
    'a\u0000',
    'a\n',
    'a\r\nX: y',
    'usеr',
    'ａ',
    'é',
    '\u202ea',
    'a\u200bb',
    'n'.repeat(129),
    'n'.repeat(10_240),
  ],
  ...[{ $gt: '' }, { $ne: null }, ['a'], null, 7, true, { toString: 'a' }],
];

/** Registers the specs. */
export function isolation(subject: () => Subject): void {
  const messages = () => `${subject().stage.target.collectUrl}/v1/messages`;
  const tokens = () => `${subject().stage.target.authUrl}/v1/tokens`;
  const tokenOf = async (key: string, user: string, device?: string) => {
    const answer = await ask(tokens(), { key, body: { user, ...(device ? { device } : {}) } });
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
    return (JSON.parse(answer.text) as { token: string }).token;
  };
  const post = async (key: string, user: string, headers: Record<string, string> = {}) => {
    const answer = await ask(messages(), { key, body: { to: `user:${user}`, event: 'told' }, headers });
    if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
    return (JSON.parse(answer.text) as { id: string }).id;
  };
  const open = async (key: string, user: string, hello = {}) =>
    Peer.open(subject().stage, { token: await tokenOf(key, user), hello });

  describe('two tenants', () => {
    it('with users of one name see none of each other, live or later', async () => {
      const { own, other } = subject().keys;
      const user = `shared-${run}`;
      const mine = await open(own, user, { device: 'd1' });
      const theirs = await open(other, user, { device: 'd1' });
      const ids = [await post(own, user), await post(other, user), await post(other, user)];
      await mine.got(({ id }) => id === ids[0]);
      await theirs.got(({ id }) => id === ids[2]);
      mine.send({ type: 'read', ids });
      mine.send({ type: 'ack', log: 'user', seq: 1 });
      for (const peer of [mine, theirs]) await peer.settled();
      const seen = [mine, theirs].map((peer) =>
        peer.frames.filter(({ id }) => id !== undefined).map(({ id }) => id),
      );
      expect(seen).toEqual([[ids[0]], [ids[1], ids[2]]]);
      expect(theirs.frames.filter(({ type }) => type === 'read')).toEqual([]);
      // The head of the other tenant's log is beyond ours: an ack there is as wrong as any.
      mine.send({ type: 'ack', log: 'user', seq: 2 });
      expect(await mine.closeCode()).toBe(4000);
      await theirs.end();
    });

    it('cannot read each other’s messages or deliveries, nor learn that they are there', async () => {
      const { own, other } = subject().keys;
      const user = `read-${run}`;
      const id = await post(own, user);
      const paths = (of: string) => [
        `/${of}`,
        `/${of}/deliveries/${user}`,
        `/${of}@user:${user}`,
        `/${of}%40user%3A${user}`,
      ];
      const [found] = paths(id);
      expect((await ask(messages() + found, { key: own })).status).toBe(200);
      for (const [at, path] of paths(id).entries()) {
        const answer = await ask(messages() + path, { key: other });
        const absent = await ask(messages() + paths(`${id.slice(0, -4)}ZZZZ`)[at], { key: other });
        expect([answer.status, codeOf(answer.text)], path).toEqual([404, codeOf(absent.text)]);
      }
    });

    it('may use one idempotency key each', async () => {
      const { own, other } = subject().keys;
      const headers = { 'idempotency-key': `key-${run}` };
      const ids = [await post(own, `i-${run}`, headers), await post(other, `i-${run}`, headers)];
      expect(new Set(ids).size).toBe(2);
      expect(await post(own, `i-${run}`, headers)).toBe(ids[0]);
    });

    it('cannot name a tenant: nothing that is sent chooses one', async () => {
      const { other } = subject().keys;
      for (const field of [{ tenant: 'default' }, { tenantId: 'default' }]) {
        const body = { to: 'user:a', event: 'told', ...field };
        expect((await ask(messages(), { key: other, body })).status).toBe(422);
        expect((await ask(tokens(), { key: other, body: { user: 'a', ...field } })).status).toBe(422);
      }
      for (const user of ['default/a', 'default/user:a', '/a']) {
        expect((await ask(tokens(), { key: other, body: { user } })).status).toBe(422);
        expect((await ask(messages(), { key: other, body: { to: `user:${user}`, event: 'x' } })).status).toBe(
          422,
        );
      }
    });
  });

  describe('names', () => {
    it('that are odd are names like any other, and nobody gets another one’s messages', async () => {
      const { own } = subject().keys;
      const peers: Peer[] = [];
      for (const name of oddNames) peers.push(await open(own, name, { device: name, instance: name }));
      const ids: string[] = [];
      for (const name of oddNames) ids.push(await post(own, name));
      for (const [at, peer] of peers.entries()) await peer.got(({ id }) => id === ids[at]);
      for (const [at, peer] of peers.entries()) {
        peer.send({
          type: 'ack',
          log: 'user',
          seq: Number((await peer.got(({ id }) => id === ids[at])).seq),
        });
        await peer.settled();
        const others = peer.frames.filter(({ type, id }) => type === 'message' && id !== ids[at]);
        expect(others, oddNames[at]).toEqual([]);
        const path = `/${ids[at]}/deliveries/${encodeURIComponent(oddNames[at] ?? '')}`;
        // "." and ".." are taken away by every client of HTTP before anybody can see them.
        if (!/^\.+$/.test(oddNames[at] ?? ''))
          expect((await ask(messages() + path, { key: own })).status).toBe(200);
        await peer.end();
      }
    });

    it('that are hostile are refused by every endpoint, each with a reason and none with a 500', async () => {
      const { own } = subject().keys;
      const statuses = new Set<number>();
      for (const name of hostileNames) {
        const to = typeof name === 'string' ? `user:${name}` : name;
        const bodies = [
          { to, event: 'x' },
          { to: [to], event: 'x' },
          { to: 'user:a', event: name },
        ];
        for (const body of bodies) statuses.add((await ask(messages(), { key: own, body })).status);
        statuses.add((await ask(tokens(), { key: own, body: { user: name } })).status);
        if (name !== null)
          statuses.add((await ask(tokens(), { key: own, body: { user: 'a', device: name } })).status);
      }
      expect([...statuses]).toEqual([422]);
    });

    it('that are hostile find nothing in a path', async () => {
      const { own } = subject().keys;
      const texts = hostileNames.filter(
        (name): name is string => typeof name === 'string' && name.trim() !== '',
      );
      for (const name of [...texts, '%', '%00', '%c0%af', '%ff']) {
        const part = name.startsWith('%') ? name : encodeURIComponent(name);
        for (const path of [`/${part}`, `/x/deliveries/${part}`]) {
          const { status } = await ask(messages() + path, { key: own });
          expect([400, 404, 414, 422], path.slice(0, 60)).toContain(status);
        }
      }
    });

    it('that are hostile end a session in every frame that takes a name', async () => {
      const { stage } = subject();
      const frames = (name: unknown) => [
        helloWith({ device: name }),
        helloWith({ instance: name }),
        helloWith({ user: name }),
        helloWith({ epoch: name }),
        helloWith({ topics: [name] }),
        ...(typeof name === 'string' ? [helloWith({ cursors: { [name]: 1 } })] : []),
      ];
      const token = await stage.token(stage.newUser());
      const all = hostileNames.filter((name) => name !== null).flatMap(frames);
      const codes = new Set<number>();
      for (let at = 0; at < all.length; at += 20)
        await Promise.all(
          all.slice(at, at + 20).map(async (frame) => {
            const peer = await Peer.connect(stage, { token });
            peer.send(frame);
            const code = await peer.closeCode();
            // 10 KB of name is no longer a frame that could be too big: both are a verdict.
            codes.add(code);
          }),
        );
      expect([...codes]).toEqual([4000]);
    });
  });
}

function codeOf(text: string): string | undefined {
  return /"code":"(\w+)"/.exec(text)?.[1];
}
