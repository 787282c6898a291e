/** Collect as producers meet it: over HTTP, with every refusal. */
import {
  batchReplySchema,
  type DeliveryAnswer,
  deliveryAnswerSchema,
  type MessageReply,
  messageAnswerSchema,
  messageReplySchema,
  problemSchema,
} from '@carillon/api';
import {
  fromJsonBytes,
  type KeyCheckReply,
  type KeyCheckRequest,
  readDoorbells,
  subjects,
  toJsonBytes,
} from '@carillon/domain';
import {
  createLogger,
  fastifyOptions,
  Health,
  Metrics,
  ProblemFilter,
  readConfig,
  type ServiceContext,
  useJsonBodies,
  watchRoutes,
} from '@carillon/platform';
import { FakeClock, FaultyBus, FaultyStore, memoryPorts } from '@carillon/testkit';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectModule } from './collect.module.js';

const keys: Record<string, Partial<Extract<KeyCheckReply, { verdict: 'accepted' }>>> = {
  ck_writer: { scopes: ['messages:write'] },
  ck_reader: { scopes: ['messages:read'] },
  ck_admin: { scopes: ['admin'] },
  ck_other: { scopes: ['admin'], tenant: 'other' },
};

let clock: FakeClock;
let store: FaultyStore;
let bus: FaultyBus;
let context: ServiceContext;
let app: NestFastifyApplication;
let url: string;
let rung: { seq: number; log: string }[];

beforeEach(async () => {
  const ports = await memoryPorts();
  clock = ports.clock;
  store = new FaultyStore(ports.store);
  bus = new FaultyBus(ports.bus, ports);
  context = {
    ...ports,
    store,
    bus,
    config: readConfig(['auth', 'collect', 'dispatch', 'push'], { STORE_KIND: 'memory' }),
    node: 'collect-1',
    metrics: new Metrics(),
    health: new Health(),
    log: createLogger({ level: 'silent', node: 'collect-1', services: ['collect'] }),
  };
  answerAsAuth();
  answerAsDispatch();
  await start();
});

// Nobody asked lately then, so nobody is waited for.
afterEach(() => clock.advance(60_000).then(() => app.close()));

describe('POST /v1/messages', () => {
  it('answers 202 with what was promised and where it is found, and rings', async () => {
    const answer = await post({ to: 'user:42', event: 'hello' });
    expect(answer.status).toBe(202);
    const reply = messageReplySchema.parse(answer.body);
    expect(answer.headers.get('location')).toBe(`/v1/messages/${reply.id}`);
    expect(answer.headers.get('idempotency-replayed')).toBeNull();
    expect(reply).toMatchObject({ recipients: 1, expiresAt: '2027-01-22T08:00:00.000Z' });
    await clock.advance(0);
    expect(rung).toEqual([{ log: 'demo/user:42', seq: 1 }]);
  });

  it('repeats the answer of a key and says so', async () => {
    const body = { to: ['user:1', 'user:2'], event: 'hello' };
    const first = await post(body, { 'idempotency-key': 'order 771' });
    const again = await post(body, { 'idempotency-key': 'order 771' });
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await post({ ...body, event: 'other' }, { 'idempotency-key': 'order 771' });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('names every wrong field and what is allowed, and unknown ones by name', async () => {
    const wrong = {
      to: 'topic:a b',
      event: 'a b',
      ttl: -1,
      priority: 1,
      notification: { icon: 1 },
      data: { a: 1 },
    };
    const { status, headers, body } = await post(wrong);
    expect(status).toBe(422);
    expect(headers.get('content-type')).toMatch('application/problem+json');
    const { code, errors } = problemSchema.parse(body);
    expect(code).toBe('validation_failed');
    expect(errors?.map((each) => `${each.pointer} ${each.code}`).toSorted()).toEqual([
      '/event bad_format',
      '/notification/icon unknown_field',
      '/notification/title required',
      '/priority unknown_field',
      '/to bad_format',
      '/ttl out_of_range',
    ]);
    expect(errors?.find(({ pointer }) => pointer === '/priority')?.detail).toContain('externalId');
    expect(errors?.find(({ pointer }) => pointer === '/to')?.detail).toContain('"user:<name>"');
  });

  it('names what is missing, too deep, too long and too many', async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 40; level += 1) deep = [deep];
    const many = Array.from({ length: 1_001 }, (_, index) => `user:${index}`);
    expect(await faults({})).toEqual(['/event required', '/to required']);
    expect(await faults({ to: 'user:1', event: 'x', data: deep })).toEqual(['/data out_of_range']);
    expect(await faults({ to: 'user:1', event: 'x', data: 'x'.repeat(65_536) })).toEqual(['/data too_long']);
    expect(await faults({ to: many, event: 'x' })).toEqual(['/to too_many']);
    expect(await faults({ to: ['user:1', 'user:a b', 7], event: 'x' })).toEqual([
      '/to/1 bad_format',
      '/to/2 wrong_type',
    ]);
    expect(await faults('nonsense')).toEqual([' wrong_type']);
  });

  it('refuses what is no JSON, what is not declared as such, and what is too large', async () => {
    const type = { 'content-type': 'application/json' };
    expect(await raw('{"to":', type)).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
    expect(await raw('', type)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '', code: 'required' }] },
    });
    const xml = await raw('<x/>', { 'content-type': 'application/xml' });
    expect(xml).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    const large = await raw(`{"to":"user:1","event":"x","data":"${'x'.repeat(1_100_000)}"}`, type);
    expect(large).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  });

  it('answers 503 with Retry-After while the store is away, and goes on afterwards', async () => {
    store.isAway = true;
    const answer = await post({ to: 'user:1', event: 'x' });
    expect(answer).toMatchObject({ status: 503, body: { code: 'store_unavailable', retryable: true } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    store.isAway = false;
    expect((await post({ to: 'user:1', event: 'x' })).status).toBe(202);
  });

  it('answers for a second more when it is to end and was asked lately', async () => {
    await post({ to: 'user:1', event: 'x' });
    const closing = app.close();
    await clock.advance(900);
    expect((await post({ to: 'user:1', event: 'x' })).status).toBe(202);
    await clock.advance(100);
    await closing;
    await start();
  });

  it('goes on answering 202 while the bus is away', async () => {
    expect((await post({ to: 'user:1', event: 'x' })).status).toBe(202);
    bus.goAway();
    await clock.advance(60_000);
    expect((await post({ to: 'user:1', event: 'x' })).status).toBe(202);
  });
});

describe('POST /v1/messages:batch', () => {
  it('answers 200 with a result per item, in order', async () => {
    const messages = [
      { to: 'user:1', event: 'a' },
      { to: 'user:1' },
      { to: ['user:1', 'user:2'], event: 'b' },
    ];
    const { status, body } = await post({ messages }, { 'idempotency-key': 'bulk' }, '/v1/messages:batch');
    expect(status).toBe(200);
    const { summary, results } = batchReplySchema.parse(body);
    expect(summary).toEqual({ accepted: 2, refused: 1 });
    expect(results.map((each) => each.status)).toEqual(['accepted', 'refused', 'accepted']);
    await clock.advance(0);
    expect(rung).toHaveLength(3);
  });

  it('names what is wrong with the batch as a whole', async () => {
    const { status, body } = await post({ items: [] }, {}, '/v1/messages:batch');
    expect(status).toBe(422);
    expect(
      problemSchema
        .parse(body)
        .errors?.map(({ pointer }) => pointer)
        .toSorted(),
    ).toEqual(['/items', '/messages']);
  });

  it('is the only thing behind the colon', async () => {
    expect((await post({}, {}, '/v1/messages:other')).status).toBe(404);
    expect((await post({}, {}, '/v1/messagesXbatch')).status).toBe(404);
    expect((await get('/v1/messages:batch')).body).toMatchObject({ code: 'method_not_allowed' });
  });
});

describe('the credential', () => {
  const body = { to: 'user:1', event: 'x' };

  it('must be there, be a bearer key, and be known', async () => {
    for (const [authorization, code] of [
      ['', 'token_invalid'],
      ['Basic Y2s6', 'token_invalid'],
      ['Bearer ', 'token_invalid'],
      ['Bearer a b', 'token_invalid'],
      ['Bearer ck_unknown', 'token_invalid'],
    ]) {
      const answer = await post(body, { authorization: authorization as string });
      expect(answer).toMatchObject({ status: 401, body: { code } });
      expect(answer.headers.get('www-authenticate')).toMatch('Bearer');
    }
    const none = await raw('{}', { 'content-type': 'application/json' }, null);
    expect(none).toMatchObject({ status: 401, body: { code: 'token_missing' } });
  });

  it('must have the scope of the route', async () => {
    const reader = { authorization: 'Bearer ck_reader' };
    const answer = await post(body, reader);
    expect(answer).toMatchObject({ status: 403, body: { code: 'scope_missing' } });
    expect(answer.body.detail).toContain('messages:write');
    expect((await get('/v1/messages/x', 'ck_writer')).status).toBe(403);
    expect((await get('/v1/messages/x', 'ck_reader')).status).toBe(404);
  });

  it('is not taken from an address, not even beside a good one', async () => {
    for (const query of ['?key=ck_writer', '?access_token=x', '?API_KEY=1', '?x=ck_0123456789abcdefgh']) {
      const answer = await post(body, {}, `/v1/messages${query}`);
      expect(answer).toMatchObject({ status: 401, body: { code: 'token_invalid' } });
    }
  });

  it('gives the tenant; a body cannot', async () => {
    const { body: answer } = await post({ ...body, tenant: 'other' });
    expect(problemSchema.parse(answer).errors).toMatchObject([{ pointer: '/tenant', code: 'unknown_field' }]);
  });

  it('cannot be judged while Auth was never heard, and is not while nothing may come in: 503', async () => {
    bus.goAway();
    expect(await post(body)).toMatchObject({ status: 503, body: { code: 'overloaded' } });
    Object.assign(context.trust, { isTrusted: false });
    expect(await post({}, {}, '/v1/messages?key=x')).toMatchObject({ status: 503 });
  });
});

describe('the ledger', () => {
  it('tells what became of a message, to its own tenant alone', async () => {
    const posted = await post({
      to: ['user:1', 'user:2'],
      event: 'x',
      externalId: 'erp-1',
      metadata: { a: 'b' },
    });
    const { id, links } = posted.body as unknown as MessageReply;
    const answer = await get(links.self);
    expect(messageAnswerSchema.parse(answer.body)).toMatchObject({
      id,
      status: 'accepted',
      recipients: 2,
      counts: { queued: 2, delivered: 0 },
      externalId: 'erp-1',
      metadata: { a: 'b' },
    });
    expect(await get(links.self, 'ck_other')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect((await get(links.deliveries.replace('{user}', '1'), 'ck_other')).status).toBe(404);
  });

  it('gives the support answer', async () => {
    const { body } = await post({ to: 'user:a@b:c', event: 'x' });
    const answer = await get(`/v1/messages/${String(body.id)}/deliveries/a@b:c`);
    const delivery: DeliveryAnswer = deliveryAnswerSchema.parse(answer.body);
    expect(delivery).toMatchObject({ status: 'queued', reason: 'no_devices', devices: [] });
    expect(delivery.summary).toContain('QUEUED');
  });

  it('knows nothing of other ids and users', async () => {
    const { body } = await post({ to: 'user:1', event: 'x' });
    const id = String(body.id);
    for (const path of [
      `/v1/messages/${id.toLowerCase()}`,
      `/v1/messages/${id}@demo%2Fuser:1`,
      '/v1/messages/%24where',
      `/v1/messages/${id}/deliveries/2`,
      `/v1/messages/${id}/deliveries/%7B%22%24gt%22:%22%22%7D`,
      `/v1/messages/${id}/deliveries/__proto__`,
    ]) {
      expect(await get(path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    }
  });

  it('is 503 while the store is away', async () => {
    store.isAway = true;
    const id = 'msg_01ARZ3NDEKTSV4RRFFQ69G5FAV';
    expect(await get(`/v1/messages/${id}`)).toMatchObject({
      status: 503,
      body: { code: 'store_unavailable' },
    });
  });
});

describe('the process', () => {
  it('is ready with a store, and once the bus has answered goes on without it', async () => {
    context.health.setStarted();
    bus.goAway();
    expect(await context.health.readiness()).toMatchObject({ ready: false, checks: { bus: 'unavailable' } });
    bus.comeBack();
    expect((await context.health.readiness()).ready).toBe(true);
    bus.goAway();
    expect((await context.health.readiness()).ready).toBe(true);
    store.isAway = true;
    expect(await context.health.readiness()).toMatchObject({
      ready: false,
      checks: { store: 'unavailable' },
    });
  });

  it('counts requests by route and status, and accepted messages', async () => {
    await post({ to: 'user:1', event: 'x' });
    await post({ to: 'user:1' });
    await post({ to: ['user:1'], event: 'x' }, { 'idempotency-key': 'k' });
    await post({ to: ['user:1'], event: 'x' }, { 'idempotency-key': 'k' });
    await post({ messages: [{ to: 'user:1', event: 'x' }] }, {}, '/v1/messages:batch');
    await get('/v1/messages/none');
    await clock.advance(0);
    const text = await context.metrics.text();
    expect(text).toContain('carillon_collect_requests_total{route="POST /v1/messages",code="202"} 3');
    expect(text).toContain('carillon_collect_requests_total{route="POST /v1/messages",code="422"} 1');
    expect(text).toContain('carillon_collect_requests_total{route="POST /v1/messages:batch",code="200"} 1');
    expect(text).toContain('carillon_collect_requests_total{route="GET /v1/messages/:id",code="404"} 1');
    expect(text).toContain('carillon_messages_accepted_total{target="user"} 2');
    expect(text).toContain('carillon_messages_accepted_total{target="list"} 1');
    expect(text).toMatch(/carillon_stage_duration_seconds_count{stage="append"} [1-9]/);
  });

  it('waits at its end until the last doorbells have left', async () => {
    let answer: (() => void) | undefined;
    context.bus.subscribe(subjects.dispatch('slow'), (message) => {
      answer = () => message.reply(toJsonBytes({ entries: 1, refused: 0 }));
    });
    await clock.advance(3_000);
    context.bus.publish(subjects.dispatchAnnouncements, toJsonBytes({ id: 'slow' }));
    await post({ to: 'user:1', event: 'x' });
    let isClosed = false;
    const closing = app.close().then(() => {
      isClosed = true;
    });
    await clock.advance(1_100); // the last call is over
    expect([typeof answer, isClosed]).toEqual(['function', false]);
    answer?.();
    while (!isClosed) await clock.advance(20);
    await closing;
  });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

function post(body: unknown, headers: Record<string, string> = {}, path = '/v1/messages'): Promise<Answer> {
  const all = { 'content-type': 'application/json', authorization: 'Bearer ck_admin', ...headers };
  return ask(path, { method: 'POST', headers: all, body: JSON.stringify(body) });
}

function raw(
  body: string,
  headers: Record<string, string>,
  key: string | null = 'ck_admin',
): Promise<Answer> {
  const all = new Headers(headers);
  if (key !== null) all.set('authorization', `Bearer ${key}`);
  return ask('/v1/messages', { method: 'POST', headers: all, body });
}

function get(path: string, key = 'ck_admin'): Promise<Answer> {
  return ask(path, { headers: { authorization: `Bearer ${key}` } });
}

async function ask(path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url + path, init);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

async function faults(body: unknown): Promise<string[]> {
  const { status, body: answer } = await post(body);
  expect(status).toBe(422);
  const { errors = [] } = problemSchema.parse(answer);
  return errors.map(({ pointer, code }) => `${pointer} ${code}`).toSorted();
}

function answerAsAuth(): void {
  bus.subscribe(subjects.authKeyCheck, (message) => {
    const { key } = fromJsonBytes<KeyCheckRequest>(message.data);
    const known = keys[key];
    const accepted = { verdict: 'accepted', tenant: 'demo', principal: 'shop', keyId: key, ...known };
    const reply = known ? { ...accepted, cacheUntil: clock.now() + 5_000 } : { verdict: 'refused' };
    message.reply(toJsonBytes(reply));
  });
}

function answerAsDispatch(): void {
  rung = [];
  bus.subscribe(subjects.dispatch('d1'), (message) => {
    const bells = readDoorbells(message.data);
    rung.push(...bells.map(({ log, seq }) => ({ log, seq })));
    message.reply(toJsonBytes({ entries: bells.length, refused: 0 }));
  });
}

async function start(): Promise<void> {
  const adapter = new FastifyAdapter(fastifyOptions([]));
  const fastify = adapter.getInstance() as unknown as Parameters<typeof watchRoutes>[0];
  watchRoutes(fastify);
  useJsonBodies(fastify);
  const module = await Test.createTestingModule({ imports: [CollectModule.with(context)] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(adapter, { bodyParser: false });
  app.useGlobalFilters(new ProblemFilter(context.log));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  bus.publish(subjects.dispatchAnnouncements, toJsonBytes({ id: 'd1' }));
}
