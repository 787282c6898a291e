/** The codec against the golden fixtures, and the promises that hold for every frame. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { MessageParts } from './codec.js';
import { decodeClientFrame, decodeServerFrame, encodeFrame, encodeMessage } from './codec.js';
import type { ClientFrame, ServerFrame } from './frames.js';
import { clientShapes, serverShapes } from './shapes.js';

interface Fixture {
  readonly name: string;
  readonly direction: 'client' | 'server';
  readonly text: string;
}
type Valid = Fixture & { readonly decoded: ClientFrame | ServerFrame };
type Invalid = Fixture & { readonly reason: string };

const valid = read<Valid>('valid');
const invalid = read<Invalid>('invalid');

describe('the codec', () => {
  it.each(valid)('reads $name', ({ direction, text, decoded }) => {
    const result = decode(direction, text);
    expect(result).toEqual({ ok: true, frame: decoded });
  });

  it.each(valid)('writes $name so that it reads the same again', ({ direction, decoded }) => {
    const written = encodeFrame(decoded);
    expect(decode(direction, written)).toEqual({ ok: true, frame: decoded });
    expect(written).toBe(encodeFrame(JSON.parse(written) as ServerFrame));
  });

  it.each(invalid)('refuses $name', ({ direction, text, reason }) => {
    const result = decode(direction, text);
    expect(result.ok).toBe(false);
    expect(result).toHaveProperty('reason', expect.stringContaining(reason));
  });

  it('has a valid and an invalid fixture for every frame that has fields', () => {
    const types = [...Object.keys(clientShapes), ...Object.keys(serverShapes), 'result'];
    for (const type of types) {
      expect(valid.some(({ decoded }) => decoded.type === type)).toBe(true);
      if (type === 'ping' || type === 'pong') continue;
      expect(invalid.some(({ reason }) => reason.startsWith(`${type}.`))).toBe(true);
    }
  });

  it('does not lend the prototype of a payload to the frame', () => {
    const text =
      '{"type":"ack","log":"user","seq":1,"__proto__":{"failed":[1]},"constructor":{"prototype":{"seq":2}}}';
    const result = decodeClientFrame(text);
    expect(result).toEqual({ ok: true, frame: { type: 'ack', log: 'user', seq: 1 } });
    expect(({} as { failed?: unknown }).failed).toBeUndefined();
  });

  it('does not quote a payload in a reason', () => {
    for (const { direction, text } of invalid) {
      const result = decode(direction, text.replace('"e"', '"s3cret!"'));
      if (!result.ok) expect(result.reason).not.toContain('s3cret');
    }
  });

  it('survives a frame that is nested a hundred thousand levels deep', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(
      decodeServerFrame(
        `{"type":"message","log":"user","seq":1,"id":"m","event":"e","sentAt":0,"data":${deep}}`,
      ),
    ).toHaveProperty('ok', false);
  });
});

describe('encodeMessage', () => {
  const parts: MessageParts[] = [
    { log: 'user', seq: 1, id: 'm', event: 'e', sentAt: 5 },
    {
      log: 'topic:x',
      seq: 2,
      id: 'm',
      event: 'e',
      sentAt: 5,
      dataJson: JSON.stringify({ a: [1, '\u2028"', null] }),
    },
    { log: 'all', seq: 3, id: 'm', event: 'e', sentAt: 5, expiresAt: 6, dataJson: 'null', replay: true },
    { log: 'user', seq: 4, id: 'm', event: 'e', sentAt: 5, notificationJson: '{"title":"T"}', replay: false },
    { log: 'user', seq: 5, id: 'm', event: 'e', sentAt: 5, dataJson: '0', notificationJson: '{"title":"T"}' },
  ];

  it.each(parts)('writes seq $seq as encodeFrame writes the decoded frame', (message) => {
    const text = encodeMessage(message);
    const decoded = decodeServerFrame(text);
    expect(decoded).toHaveProperty('ok', true);
    if (!decoded.ok) return;
    expect(encodeFrame(decoded.frame)).toBe(text);
    expect(decoded.frame).toMatchObject({ type: 'message', log: message.log, seq: message.seq });
  });

  it('does not let an id break out of the frame', () => {
    const text = encodeMessage({ log: 'user', seq: 1, id: 'm","seq":9,"x":"', event: 'e', sentAt: 5 });
    expect(decodeServerFrame(text)).toHaveProperty('reason', expect.stringContaining('message.id'));
  });
});

function decode(direction: 'client' | 'server', text: string) {
  return direction === 'client' ? decodeClientFrame(text) : decodeServerFrame(text);
}

function read<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')) as T[];
}
