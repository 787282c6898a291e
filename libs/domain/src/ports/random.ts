/** Chance, so that one seed replays a run. */
export abstract class Random {
  /** Uniform in [0, 1). Not for secrets. */
  abstract next(): number;
  /** Unpredictable bytes in production, seeded ones in tests. */
  abstract bytes(count: number): Uint8Array;
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A random name of `length` characters of Crockford's base 32. */
export function randomName(random: Random, length: number): string {
  let name = '';
  for (const byte of random.bytes(length)) name += alphabet[byte & 31];
  return name;
}
