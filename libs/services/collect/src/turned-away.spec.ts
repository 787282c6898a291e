// Refusals when there is too much to do: told at once while they are few, a second later when they are many.
import { Problem } from '@carillon/platform';
import { FakeClock } from '@carillon/testkit';
import Fastify, { type FastifyInstance } from 'fastify';
import { beforeEach, expect, it } from 'vitest';
import { TurnedAway } from './turned-away.js';

const atOnceMax = 500;
const waitingMax = 10_000;
let clock: FakeClock;
let app: FastifyInstance;
let answered: number;

beforeEach(() => {
  clock = new FakeClock();
  answered = 0;
  const turnedAway = new TurnedAway(clock);
  const problem = new Problem('overloaded', 'Try again.', { retryAfterS: 2 });
  app = Fastify();
  app.post('/', { onRequest: (request, reply) => turnedAway.answer(problem, request, reply) }, () => {
    throw new Error('nothing of the request may be read');
  });
  return () => app.close();
});

it('says what is wrong and when to come again, unread', async () => {
  const answer = await app.inject({ method: 'POST', url: '/', payload: '{no json' });
  expect(answer.statusCode).toBe(503);
  expect(answer.headers).toMatchObject({
    'retry-after': '2',
    'content-type': 'application/problem+json; charset=utf-8',
  });
  expect(answer.json()).toMatchObject({ code: 'overloaded', detail: 'Try again.', retryable: true });
});

it('lets those wait a second that are more than a few hundred in one', async () => {
  await come(atOnceMax);
  expect(answered).toBe(atOnceMax);
  await come(3);
  expect(answered).toBe(atOnceMax);
  await clock.advance(999);
  expect(answered).toBe(atOnceMax);
  await clock.advance(1);
  await turns();
  expect(answered).toBe(atOnceMax + 3);
  await come(1);
  expect(answered).toBe(atOnceMax + 4); // another second
});

it('lets no more wait than it may', async () => {
  await come(atOnceMax + waitingMax + 7);
  expect(answered).toBe(atOnceMax + 7);
});

async function come(count: number): Promise<void> {
  for (let one = 0; one < count; one++) {
    void app.inject({ method: 'POST', url: '/' }).then(() => {
      answered += 1;
    });
  }
  await turns();
}

async function turns(): Promise<void> {
  let before = -1;
  while (before !== answered) {
    before = answered;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}
