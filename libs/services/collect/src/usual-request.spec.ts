/**
 * The quick check against the schema that it stands in for: whatever it passes, the schema passes unchanged.
 * Over many requests at the edges of what is allowed; a run is its seed.
 */
import { batchItemSchema, messageRequestSchema } from '@carillon/api';
import { SeededRandom } from '@carillon/testkit';
import { limits } from '@carillon/wire';
import { describe, expect, it } from 'vitest';
import { isUsualRequest } from './usual-request.js';

const firstSeed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const requests = 1_500;

describe(`the quick check of a request (seed ${firstSeed})`, () => {
  it('passes nothing that the schema refuses or changes', () => {
    const maker = new Maker(new SeededRandom(firstSeed));
    const seen = { passed: 0, refused: 0, leftToSchema: 0 };
    for (let count = 0; count < requests; count += 1) {
      const body = maker.body();
      const isPassed = isUsualRequest(body);
      for (const judged of [messageRequestSchema.safeParse(body), batchItemSchema.safeParse(body)]) {
        if (isPassed) expect(judged, `request ${count}`).toEqual({ success: true, data: body });
        if (isPassed) seen.passed += 1;
        else if (judged.success) seen.leftToSchema += 1;
        else seen.refused += 1;
      }
    }
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(requests / 20);
  });

  it('passes what is posted most, so that the schema is not asked', () => {
    for (const data of [null, '', 'a text', 0, -1.5, true, [], {}, [{ a: [1, 'é'] }], { a: { b: null } }]) {
      expect(isUsualRequest({ to: 'user:42', event: 'order.paid', data })).toBe(true);
    }
    expect(isUsualRequest({ to: 'user:42', event: 'order.paid' })).toBe(true);
  });

  it('leaves the rest to the schema', () => {
    const most = { to: 'user:42', event: 'order.paid', data: 1 };
    for (const other of [
      { ttl: '1h' },
      { to: ['user:42'] },
      { to: 'all' },
      { to: 'topic:a' },
      { tenant: 'x' },
    ]) {
      expect(isUsualRequest({ ...most, ...other }), JSON.stringify(other)).toBe(false);
    }
    for (const body of [undefined, null, 'x', 1, [], {}, [most]]) expect(isUsualRequest(body)).toBe(false);
  });
});

/** Makes requests that are almost right, and right ones. What it makes is what `JSON.parse` gives. */
class Maker {
  constructor(private readonly random: SeededRandom) {}

  body(): unknown {
    const { random } = this;
    if (random.next() < 0.02) return this.pick([null, 1, 'x', true, []]);
    const body: Record<string, unknown> = { to: this.to(), event: this.event(), data: this.data() };
    if (random.next() < 0.1) delete body[this.pick(Object.keys(body))];
    if (random.next() < 0.15) Object.assign(body, this.further());
    return body;
  }

  private to(): unknown {
    if (this.random.next() < 0.8) return `user:${this.name()}`;
    return this.pick<unknown>([
      'all',
      'user:',
      'USER:1',
      'user: 1',
      `topic:${this.name()}`,
      ['user:1'],
      7,
      null,
      {},
    ]);
  }

  private event(): unknown {
    return this.random.next() < 0.9 ? this.name() : this.pick<unknown>([1, null, ['x'], { a: 1 }]);
  }

  private name(): string {
    if (this.random.next() < 0.85) return this.pick(['42', 'a.b@c:d-e_f', 'order.paid', 'x'.repeat(128)]);
    return this.pick(['', 'a b', 'a/b', 'é', 'a\n', '\u0000', 'x'.repeat(129), 'a,b', 'user:1/2']);
  }

  private further(): object {
    const one = {
      ttl: 60,
      externalId: 'e',
      collapseKey: 'c',
      idempotencyKey: 'k',
      unknown: 1,
      sendAt: 'now',
    };
    const name = this.pick(Object.keys(one) as (keyof typeof one)[]);
    return { [name]: one[name] };
  }

  private data(): unknown {
    const kind = this.random.next();
    if (kind < 0.4) return this.value(3);
    if (kind < 0.7) return this.deep(this.around(limits.jsonDepthMax, 2));
    return this.large();
  }

  private value(levels: number): unknown {
    if (levels === 0 || this.random.next() < 0.5) return this.leaf();
    const members = Array.from({ length: this.around(2, 2) }, () => this.value(levels - 1));
    return this.random.next() < 0.5
      ? members
      : Object.fromEntries(members.map((each, at) => [`m${at}`, each]));
  }

  /** So many containers around one leaf. */
  private deep(levels: number): unknown {
    let value = this.leaf();
    for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { a: value };
    return value;
  }

  /** About as many bytes of JSON text as are allowed, of one kind of content. */
  private large(): unknown {
    const bytes = limits.dataBytesMax * (0.1 + 1.1 * this.random.next());
    const leaf = this.leaf();
    const length = JSON.stringify(leaf).length;
    const unit = this.pick(['x', 'é', '\u0001', '"', '\ud800', '€']);
    const text = unit.repeat(bytes / (JSON.stringify(unit).length - 2));
    return this.pick<() => unknown>([
      () => text,
      () => ({ [text]: leaf }),
      () => Array.from({ length: bytes / (length + 1) }, () => leaf),
      () => Object.fromEntries(Array.from({ length: bytes / (length + 7) }, (_, at) => [at + 100, leaf])),
      () => Array.from({ length: bytes / 3 }, () => []),
    ])();
  }

  private leaf(): unknown {
    const numbers = [0, -1, 1.5, -1.2345678901234568e-300, Number.POSITIVE_INFINITY, Number.MAX_VALUE];
    return this.pick<unknown>([...numbers, 'x', '', 'é€', '\u0001\u0002', '\ud800', true, false, null]);
  }

  private around(middle: number, spread: number): number {
    return middle - spread + Math.floor(this.random.next() * (2 * spread + 1));
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random.next() * from.length)] as T;
  }
}
