// The watch over `fetch` bites: wrong answers of a server that claims to be ours are found, each with
// operation, pointer and reason, and right ones are not.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem, problemBody, problemHeaders } from '@carillon/platform';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FetchWatch } from './fetch-watch.ts';
import { watch as projectWatch, unwatched } from './setup/processes.ts';

const id = 'msg_01KB9R6Z3V8Q2W5X7Y9ZABCDEF';
const at = '2026-11-30T10:00:00.000Z';
const accepted = {
  id,
  status: 'accepted',
  recipients: 1,
  acceptedAt: at,
  expiresAt: at,
  links: { self: `/v1/messages/${id}`, deliveries: `/v1/messages/${id}/deliveries/{user}` },
};
const location = { location: accepted.links.self };

interface Planted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

let server: Server;
let url: string;
let planted: Planted;
let watch: FetchWatch;
let watched: typeof fetch;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    const { status = 202, headers = location, body = accepted } = planted;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response
      .writeHead(status, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(text),
        'request-id': 'req_1',
        ...headers,
      })
      .end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server?.close());

beforeEach(() => {
  planted = {};
  watch = new FetchWatch();
  watched = watch.around(unwatched);
});

async function post(body: unknown = { to: 'user:1', event: 'x' }, headers: Record<string, string> = {}) {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  const answer = await watched(`${url}/v1/messages`, init);
  await answer.text();
}

const problem = (code: ConstructorParameters<typeof Problem>[0], extra: object = {}): Planted => {
  const refusal = new Problem(code, 'No.', extra);
  return {
    status: refusal.status,
    headers: problemHeaders(refusal),
    body: problemBody(refusal, 'req_1'),
  };
};

describe('the watch', () => {
  it('is around the fetch of this project', async () => {
    expect(fetch).not.toBe(unwatched);
    planted = { status: 299 };
    await fetch(`${url}/v1/messages`);
    await expect(projectWatch.settle()).rejects.toThrow(
      'GET /v1/messages 299: the document has no such method',
    );
  });

  it('lets right answers through untouched', async () => {
    await post();
    planted = problem('idempotency_key_reused');
    await post();
    planted = problem('overloaded', { retryAfterS: 2 });
    await post();
    planted = problem('method_not_allowed', { headers: { allow: 'POST' } });
    await watched(`${url}/v1/messages`, { method: 'PUT' });
    await watch.settle();
    expect(watch.checked).toBe(4);
  });

  it.each<[string, Planted, string]>([
    [
      'a field too many',
      { body: { ...accepted, shard: 3 } },
      'postMessage 202: must NOT have additional properties: shard',
    ],
    [
      'a field too few',
      { body: { ...accepted, id: undefined } },
      "postMessage 202: must have required property 'id'",
    ],
    [
      'a wrong type',
      { body: { ...accepted, recipients: '1' } },
      'postMessage 202 /recipients: must be integer',
    ],
    [
      'a wrong time',
      { body: { ...accepted, acceptedAt: 'now' } },
      'postMessage 202 /acceptedAt: must match format "date-time"',
    ],
    [
      'a wrong link',
      { body: { ...accepted, links: { self: 1 } } },
      'postMessage 202 /links/self: must be string',
    ],
    ['no JSON', { body: '{' }, 'postMessage 202: is not JSON'],
    [
      'another type',
      { headers: { ...location, 'content-type': 'text/html' } },
      'postMessage 202: is text/html, allowed is application/json',
    ],
    ['no Location', { headers: {} }, 'postMessage 202 header Location: is missing'],
    [
      'a wrong header',
      { headers: { ...location, 'idempotency-replayed': 'no' } },
      'postMessage 202 header Idempotency-Replayed: must be equal to constant',
    ],
    ['an unknown status', { status: 204, body: '' }, 'postMessage 204: the document has no such status'],
    ['a code of another operation', problem('too_late'), 'postMessage 409: the document has no such status'],
    [
      'a code of another status',
      { ...problem('validation_failed'), status: 415 },
      'postMessage 415 /code: must be equal to one of the allowed values: unsupported_media_type',
    ],
    [
      'no Retry-After',
      { ...problem('overloaded'), headers: { 'content-type': 'application/problem+json' } },
      'postMessage 503 header Retry-After: is missing',
    ],
    [
      'a wrong field fault',
      problem('validation_failed', { errors: [{ pointer: '/a', code: 'bad', detail: '' }] }),
      'postMessage 422 /errors/0/code: must be equal to one of the allowed values',
    ],
  ])('finds %s', async (_name, wrong, fault) => {
    planted = wrong;
    await post();
    await expect(watch.settle()).rejects.toThrow(fault);
    // Told once.
    await watch.settle();
  });

  it('finds a request that was taken and should not have been', async () => {
    await post({ to: 'user:1', event: 'x', colour: 'red' });
    await expect(watch.settle()).rejects.toThrow(
      'postMessage 202 request: must NOT have additional properties',
    );
    await post({ to: 'user:1', event: 'x' }, { 'idempotency-key': 'k'.repeat(256) });
    await expect(watch.settle()).rejects.toThrow(
      'postMessage 202 header Idempotency-Key: must NOT have more',
    );
  });

  it('leaves out of a batch what was refused, item by item', async () => {
    const refusal = { code: 'validation_failed', title: 't', detail: 'd', retryable: false };
    const taken = { status: 'accepted', id, recipients: 1, acceptedAt: at, expiresAt: at, replayed: false };
    const batch = (messages: readonly unknown[]) =>
      watched(`${url}/v1/messages:batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages }),
      });
    const body = {
      summary: { accepted: 1, refused: 1 },
      results: [{ status: 'refused', error: refusal }, taken],
    };
    planted = { status: 200, body };
    await batch([{ to: 7 }, { to: 'user:1', event: 'x' }]);
    await watch.settle();
    await batch([{ to: 'user:1', event: 'x' }, { to: 7 }]);
    await expect(watch.settle()).rejects.toThrow('postMessages 200 request /messages/0');
  });

  it('looks away from what is not ours', async () => {
    planted = { status: 299, body: 'whatever' };
    await watched(`${url}/elsewhere`);
    const bare = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(bare, 'listening');
    await watched(`http://127.0.0.1:${(bare.address() as AddressInfo).port}/v1/messages`);
    bare.close();
    await watch.settle();
    expect(watch.checked).toBe(0);
  });

  it('knows controllers without a process around them by their address', async () => {
    planted = { headers: { ...location, 'request-id': '' }, body: { ...accepted, id: 'x' } };
    const bareWatch = new FetchWatch({ isBare: true });
    watched = bareWatch.around(unwatched);
    await post();
    await expect(bareWatch.settle()).rejects.toThrow('postMessage 202 /id: must match pattern');
  });
});
