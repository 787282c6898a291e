/** Proves what refusals look like on the wire, over a real Fastify. What must not show is called canary. */
import 'reflect-metadata';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { PortUnavailable, TimedOut } from '@carillon/domain/ports';
import { Body, Controller, Delete, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fastifyOptions, useJsonBodies } from './http-limits.js';
import { Problem, type ProblemBody } from './problem.js';
import { ProblemFilter } from './problem-filter.js';
import { watchRoutes } from './route-methods.js';

const failures: Record<string, () => Error> = {
  store: () => new PortUnavailable('mongod at db-1 says canary'),
  bus: () => new TimedOut('nats says canary'),
  defect: () => new Error('canary'),
  limited: () => new Problem('rate_limited', 'Slow down.', { retryAfterS: 6.2, headers: { 'x-limit': '1' } }),
  late: () => new Problem('too_late', 'It has been sent.'),
};

@Controller()
class Thrower {
  @Get('fail/:how')
  fail(): never {
    throw new Error('canary');
  }

  @Post('fail')
  failAs(@Body() body: { how: string }): never {
    throw failures[body.how]?.() ?? new Error('no such failure');
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return { body };
  }

  @Delete('echo')
  remove(): void {}
}

@Module({ controllers: [Thrower] })
class ThrowerModule {}

let app: NestFastifyApplication;
let url: string;

beforeAll(async () => {
  const adapter = new FastifyAdapter(fastifyOptions([]));
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  watchRoutes(fastify);
  useJsonBodies(fastify);
  app = await NestFactory.create<NestFastifyApplication>(ThrowerModule, adapter, {
    logger: false,
    bodyParser: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  await app.listen({ host: '127.0.0.1', port: 0 });
  url = await app.getUrl();
});
afterAll(() => app.close());

const json = { 'content-type': 'application/json' };
const post = (path: string, body: BodyInit, headers: Record<string, string> = json) =>
  fetch(url + path, { method: 'POST', body, headers });

async function problemOf(answer: Response) {
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const body = (await answer.json()) as ProblemBody;
  expect(body.status).toBe(answer.status);
  expect(body.type).toBe(`/docs/errors#${body.code}`);
  expect(JSON.stringify(body)).not.toContain('canary');
  return body;
}

const raw = (text: string) =>
  new Promise<string>((resolve, reject) => {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });

describe('ProblemFilter over a real Fastify', () => {
  it('answers a problem with its code, headers and Retry-After in whole seconds', async () => {
    const answer = await post('/fail', '{"how":"limited"}', { ...json, 'request-id': 'order-7' });
    expect(await problemOf(answer)).toMatchObject({
      code: 'rate_limited',
      title: 'Too many requests',
      detail: 'Slow down.',
      requestId: 'order-7',
      retryable: true,
    });
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('x-limit')]).toEqual([
      429,
      '7',
      '1',
    ]);
  });

  it.each([
    ['store', 503, 'store_unavailable'],
    ['bus', 503, 'overloaded'],
    ['defect', 500, 'internal'],
    ['late', 409, 'too_late'],
  ])('answers %s with %i %s and without the words of the cause', async (how, status, code) => {
    const answer = await post('/fail', JSON.stringify({ how }));
    expect([answer.status, (await problemOf(answer)).code]).toEqual([status, code]);
    expect(answer.headers.has('retry-after')).toBe(status === 503);
  });

  it.each([
    ['no JSON', '{"a":', 400, 'malformed_json'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400, 'malformed_json'],
    ['a key __proto__', '{"__proto__":{"a":1}}', 400, 'malformed_json'],
    ['more than 1 MiB', `"${'x'.repeat(1_048_576)}"`, 413, 'payload_too_large'],
  ])('refuses a body that is %s', async (...[, body, status, code]) => {
    const answer = await post('/echo', body);
    expect([answer.status, (await problemOf(answer)).code]).toEqual([status, code]);
  });

  it('takes an empty body for none', async () => {
    expect(await (await post('/echo', '')).json()).toEqual({});
  });

  it('refuses another media type', async () => {
    const answer = await post('/echo', 'a=1', { 'content-type': 'text/plain' });
    expect([answer.status, (await problemOf(answer)).code]).toEqual([415, 'unsupported_media_type']);
  });

  it('says 404 for an unknown address, without repeating it', async () => {
    const answer = await fetch(`${url}/canary?token=canary`);
    expect([answer.status, (await problemOf(answer)).code]).toEqual([404, 'not_found']);
  });

  it('says 404 for an address that cannot be decoded', async () => {
    const answer = await new Promise<{ status?: number; text: string }>((resolve, reject) => {
      const { port } = new URL(url);
      httpRequest({ port, path: '/%zz', host: '127.0.0.1' }, async (reply) => {
        resolve({ status: reply.statusCode, text: (await reply.toArray()).join('') });
      })
        .on('error', reject)
        .end();
    });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'not_found' });
  });

  it('says 405 with Allow where the address is known by another method', async () => {
    const answer = await fetch(`${url}/echo`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'DELETE, POST']);
    expect((await problemOf(answer)).code).toBe('method_not_allowed');
    expect((await fetch(`${url}/fail/some`, { method: 'PUT' })).status).toBe(405);
  });

  it('answers headers above 16 KiB with 431, and what is no HTTP with 400', async () => {
    const large = await raw(`GET /echo HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 [\s\S]*headers_too_large/);
    expect(await raw('HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*malformed_json/);
  });

  it('makes a request id of its own where the given one is no name', async () => {
    const answer = await fetch(`${url}/x`, { headers: { 'request-id': 'a b' } });
    expect((await problemOf(answer)).requestId).toMatch(/^req_[A-Za-z0-9_-]{16}$/);
  });
});
