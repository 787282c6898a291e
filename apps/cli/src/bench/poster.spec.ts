/** Posting against a server that refuses: what is tried again, when, and under which key. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededChance } from './chance.js';
import { Ledger } from './ledger.js';
import { planOf } from './options.js';
import { jobsOf } from './plan.js';
import { attemptsMax, Poster } from './poster.js';
import { Tally } from './tally.js';
import { Target } from './target.js';

interface Seen {
  readonly atMs: number;
  readonly path: string;
  readonly key: string | undefined;
  readonly body: { to?: string; data?: unknown; messages?: { to: string; idempotencyKey: string }[] };
}

describe('a poster', () => {
  let server: Server;
  let url: string;
  let seen: Seen[];
  let answer: (response: ServerResponse, nth: number, body: Seen['body']) => void;

  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => void take(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse((await request.toArray()).join('')) as Seen['body'];
    const key = request.headers['idempotency-key'] as string | undefined;
    answer(response, seen.push({ atMs: performance.now(), path: request.url ?? '', key, body }), body);
  }

  const accept = (response: ServerResponse, nth: number) =>
    response.writeHead(202).end(JSON.stringify({ id: `msg_${nth}` }));
  const refuse = (response: ServerResponse, status: number, after?: string) =>
    response.writeHead(status, after === undefined ? {} : { 'retry-after': after }).end(
      JSON.stringify({
        code: status === 503 ? 'overloaded' : 'validation_failed',
        retryable: status === 503,
      }),
    );

  async function post(given: object, stopped = new AbortController().signal) {
    const plan = planOf(
      'end-to-end',
      { url, sockets: 3, rate: 'max', concurrency: 1, ...given },
      seededChance(1),
    );
    const [job] = jobsOf({ ...plan, workers: 1 }, 'ck_a_secret');
    if (!job) throw new Error('no job');
    const [tally, ledger] = [new Tally(), new Ledger()];
    const parts = { target: new Target(url, job.key), tally, ledger, job, chance: seededChance(1) };
    await new Poster({ ...parts, present: [0, 2] }).run(stopped);
    return { tally, ledger };
  }

  it('posts so many messages, each under a key of its own, to users who are there', async () => {
    answer = accept;
    const { tally, ledger } = await post({ messages: 20, concurrency: 4 });
    expect(tally.counts).toMatchObject({ posted: 20, accepted: 20, abandoned: 0 });
    expect(ledger.waiting).toBe(20);
    expect(new Set(seen.map(({ key }) => key)).size).toBe(20);
    const users = new Set(seen.map(({ body }) => body.to?.replace(/.*-/, '')));
    expect(users).toEqual(new Set(['0', '2']));
  });

  it('waits as long as Retry-After says, and then sends the same message', async () => {
    answer = (response, nth) => (nth === 1 ? refuse(response, 503, '0.3') : accept(response, nth));
    const { tally } = await post({ messages: 1 });
    const [first, second] = seen;
    expect(seen).toHaveLength(2);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(299);
    expect([second?.key, second?.body]).toEqual([first?.key, first?.body]);
    expect(tally.codes.messagesRefused).toEqual({ overloaded: 1 });
    expect(tally.counts).toMatchObject({ posted: 1, accepted: 1, abandoned: 0 });
  });

  it('gives up what stays refused, and at once what will never be taken', async () => {
    answer = (response) => refuse(response, 503, '0');
    expect((await post({ messages: 1 })).tally.counts).toMatchObject({ accepted: 0, abandoned: 1 });
    expect(seen).toHaveLength(attemptsMax);
    seen = [];
    answer = (response) => refuse(response, 422);
    expect((await post({ messages: 1 })).tally.counts).toMatchObject({ accepted: 0, abandoned: 1 });
    expect(seen).toHaveLength(1);
  });

  it('sends of a batch only those again that were refused', async () => {
    answer = (response, nth, { messages }) => {
      if (messages === undefined) accept(response, nth);
      else {
        const error = { code: 'store_unavailable', retryable: true };
        const results = messages.map((_, at) =>
          at === 1 ? { status: 'refused', error } : { status: 'accepted', id: `msg_${nth}_${at}` },
        );
        response.writeHead(200, { 'retry-after': '0' }).end(JSON.stringify({ results }));
      }
    };
    const { tally } = await post({ messages: 3, batch: 3 });
    expect(seen.map(({ path }) => path)).toEqual(['/v1/messages:batch', '/v1/messages']);
    expect(seen[1]?.key).toBe(seen[0]?.body.messages?.[1]?.idempotencyKey);
    expect(tally.codes.messagesRefused).toEqual({ store_unavailable: 1 });
    expect(tally.counts).toMatchObject({ posted: 3, accepted: 3, abandoned: 0 });
  });

  it('counts a broken connection by the name of what happened', async () => {
    const stopping = new AbortController();
    answer = (response) => {
      response.destroy();
      stopping.abort();
    };
    const { tally } = await post({ messages: 1 }, stopping.signal);
    expect(Object.entries(tally.codes.messagesRefused)).toEqual([[expect.stringMatching(/^\w+$/), 1]]);
    expect(tally.counts).toMatchObject({ posted: 1, accepted: 0, abandoned: 1 });
  });

  it('makes data of the size that was asked for', async () => {
    answer = accept;
    await post({ messages: 1, size: 500 });
    expect(JSON.stringify(seen[0]?.body.data)).toHaveLength(500);
  });

  it('ends when it is stopped, in the middle of a wait', async () => {
    const stopping = new AbortController();
    answer = (response) => {
      refuse(response, 503, '30');
      setTimeout(() => stopping.abort(), 50);
    };
    const { tally } = await post({ messages: 5 }, stopping.signal);
    expect(tally.counts).toMatchObject({ posted: 1, accepted: 0, abandoned: 1 });
  });
});
