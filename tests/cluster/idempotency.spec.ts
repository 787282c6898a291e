// One key is one message: over two Collects and a store of three members, fifty requests at once.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type MongoServer, startMongo } from '../../tools/services/mongo.ts';
import { type Answer, type ClusterNode, startNode } from './node.js';

const atOnce = 50;
let mongo: MongoServer;
let nodes: ClusterNode[] = [];

beforeAll(async () => {
  mongo = await startMongo({ members: 3 });
  const [redisUrl, natsUrl] = [inject('redisUrl'), inject('natsUrl')];
  const servers = { mongoUrl: mongo.url, redisUrl, natsUrl, name: 'idempotency' };
  nodes = await Promise.all(['node-a', 'node-b'].map((name) => startNode(servers, name)));
}, 60_000);

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await mongo?.stop();
}, 60_000);

/** So many requests with one key, over both Collects in turns. */
function postAtOnce(key: string, bodyOf: (turn: number) => object): Promise<Answer[]> {
  return Promise.all(
    Array.from({ length: atOnce }, (_, turn) => {
      const node = nodes[turn % nodes.length];
      if (!node) throw new Error('no node');
      return node.post('/v1/messages', bodyOf(turn), { 'idempotency-key': key });
    }),
  );
}

const list = Array.from({ length: 20 }, (_, at) => `user:list-${String(at).padStart(2, '0')}`);

describe.each([
  ['one addressee', 'user:alone', 1],
  ['a list', list, list.length],
])('fifty requests at once for %s', (kind, to, recipients) => {
  it('with one key and one body are one message, and all get its id', async () => {
    const answers = await postAtOnce(`same-${kind}`, () => ({ to, event: 'paid', data: { order: 1 } }));
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202));
    const bodies = new Set(answers.map((answer) => JSON.stringify(answer.body)));
    expect(bodies.size).toBe(1);
    const [first] = answers;
    const message = await nodes[0]?.get(`/v1/messages/${first?.body.id}`);
    expect(message?.body).toMatchObject({ recipients });
  });

  it('with one key and two bodies are one message; the others are told so', async () => {
    const answers = await postAtOnce(`other-${kind}`, (turn) => ({
      to,
      event: 'paid',
      data: { order: turn % 2 },
    }));
    const accepted = answers.filter((answer) => answer.status === 202);
    const refused = answers.filter((answer) => answer.status === 422);
    expect(accepted.length).toBe(atOnce / 2);
    expect(refused.length).toBe(atOnce / 2);
    expect(new Set(accepted.map((answer) => answer.body.id)).size).toBe(1);
    expect(new Set(refused.map((answer) => answer.body.code))).toEqual(new Set(['idempotency_key_reused']));
  });
});

it('refuses a key that was used for another addressee', async () => {
  const key = { 'idempotency-key': 'addressee' };
  const first = await nodes[0]?.post('/v1/messages', { to: 'user:x', event: 'paid' }, key);
  const other = await nodes[1]?.post('/v1/messages', { to: 'user:y', event: 'paid' }, key);
  const again = await nodes[1]?.post('/v1/messages', { to: 'user:x', event: 'paid' }, key);
  expect(first?.status).toBe(202);
  expect(other?.body.code).toBe('idempotency_key_reused');
  expect(again).toMatchObject({ status: 202, replayed: true, body: { id: first?.body.id } });
});
