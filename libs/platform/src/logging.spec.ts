/** Proves what a log line holds and must not hold. What must not show is called canary. */
import { PortUnavailable } from '@carillon/domain/ports';
import { describe, expect, it } from 'vitest';
import { createLogger } from './logging.js';

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
