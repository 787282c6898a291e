/** Proves what a log line holds and must not hold. What must not show is called canary. */

import { connect } from 'node:net';
import { PortUnavailable } from '@carillon/domain/ports';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, logRequest } from './logging.js';

function lines(write: (log: ReturnType<typeof createLogger>) => void): {
  text: string;
  first: Record<string, unknown>;
} {
  const written: string[] = [];
  const log = createLogger(
    { level: 'info', node: 'n1', services: ['push'] },
    { write: (line) => void written.push(line) },
  );
  write(log);
  return { text: written.join(''), first: JSON.parse(written[0] ?? '{}') };
}

describe('createLogger', () => {
  it('writes one JSON object a line, with node, service and level by name', () => {
    const { first } = lines((log) => log.info({ connection: 'c_1' }, 'opened'));
    expect(first).toMatchObject({
      level: 'info',
      node: 'n1',
      service: 'push',
      connection: 'c_1',
      msg: 'opened',
    });
    expect(first.time).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('hides what nobody should have logged', () => {
    const headers = {
      authorization: 'canary',
      cookie: 'canary',
      'sec-websocket-protocol': 'carillon.v1, canary',
    };
    const { text } = lines((log) => {
      log.info(
        { req: { headers }, headers, token: 'canary', frame: { data: 'canary', token: 'canary' } },
        'x',
      );
    });
    expect(text).not.toContain('canary');
  });

  it('keeps a line a line, whatever is in it', () => {
    const { text } = lines((log) => log.info({ user: 'a\r\n{"level":"fatal"}' }, 'x'));
    expect(text.trimEnd()).not.toMatch(/[\r\n]/);
  });

  it('logs an error with its place, but not what a driver or a parser hung onto it', () => {
    const cause = Object.assign(new Error('E11000 canary'), {
      code: 11_000,
      writeErrors: [{ doc: 'canary' }],
    });
    const { first, text } = lines((log) => {
      log.error(
        { err: Object.assign(new PortUnavailable('the store is away', { cause }), { doc: 'canary' }) },
        'x',
      );
    });
    expect(first.err).toMatchObject({
      type: 'PortUnavailable',
      message: 'the store is away',
      stack: expect.stringContaining('logging.spec.ts'),
      cause: { type: 'Error', code: '11000' },
    });
    expect(text).not.toContain('canary');
    const parsing = lines((log) => {
      try {
        JSON.parse('canary');
      } catch (err) {
        log.error({ err }, 'x');
      }
    });
    expect(parsing.text).toContain('SyntaxError');
    expect(parsing.text).not.toContain('canary');
  });
});

describe('logRequest', () => {
  let app: FastifyInstance;
  let written: Record<string, unknown>[];
  let line: Promise<void>;

  beforeEach(() => {
    app = fastify({ genReqId: () => 'r-1' });
    app.get('/page/:name', () => 'body-canary');
    app.get('/fault', (_request, reply) => reply.code(503).send({}));
  });
  afterEach(() => app.close());

  function watch(level: string): void {
    written = [];
    line = new Promise((resolve) => {
      const write = (text: string) => {
        written.push(JSON.parse(text) as Record<string, unknown>);
        resolve();
      };
      const log = createLogger({ level, node: 'n1', services: ['auth'] }, { write });
      app.addHook('onRequest', (request, reply, done) => {
        logRequest(log, request, reply);
        done();
      });
    });
  }

  it('tells of each request once, by its route, and of nothing that it held', async () => {
    watch('info');
    await app.inject({ url: '/page/canary?token=canary', headers: { authorization: 'canary' } });
    await line;
    expect(written).toEqual([
      {
        time: expect.any(String),
        ...{ level: 'info', node: 'n1', service: 'auth', msg: 'request', requestId: 'r-1' },
        ...{ method: 'GET', route: '/page/:name', status: 200, ms: expect.any(Number) },
      },
    ]);
    expect(JSON.stringify(written)).not.toContain('canary');
  });

  it('warns of what the server could not do, and of that alone where the level is warn', async () => {
    watch('warn');
    await app.inject('/page/x');
    await app.inject('/fault');
    await line;
    expect(written).toMatchObject([{ level: 'warn', route: '/fault', status: 503 }]);
  });

  it('tells without a status of a client that did not wait for its answer', async () => {
    watch('info');
    let begun: (() => void) | undefined;
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    app.get('/slow', async () => {
      begun?.();
      await line;
      return {};
    });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    await hasBegun;
    socket.destroy();
    await line;
    expect(written).toMatchObject([{ level: 'info', route: '/slow', msg: 'request' }]);
    expect(written[0]).not.toHaveProperty('status');
  });

  it('does nothing where nothing would be written', () => {
    const log = createLogger({ level: 'error', node: 'n1', services: ['auth'] }, { write: () => {} });
    expect(() => logRequest(log, {} as never, {} as never)).not.toThrow();
  });
});
