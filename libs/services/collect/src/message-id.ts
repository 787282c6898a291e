/**
 * Ids of messages: a ULID, or the hash of who used which key, in the same shape.
 * One key of one principal is one id.
 */
import { createHash } from 'node:crypto';
import { Clock, Random } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

/** Crockford's base 32, in the order of code units. */
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** The two digits of each 10 bits. */
const pairs = Array.from({ length: 1_024 }, (_, bits) => `${digits[bits >> 5]}${digits[bits & 31]}`);

/** What makes two requests the same: the tenant, the principal (keys rotate, principals stay) and the key. */
export interface KeyedBy {
  readonly tenant: string;
  readonly principal: string;
  readonly key: string;
}

@Injectable()
export class MessageIds {
  private now = Number.NaN;
  private timeDigits = '';

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** A new id. Source: ULID, 48 bits of time and 80 of chance. */
  fresh(): string {
    const now = this.clock.now();
    if (now !== this.now) this.timeDigits = tenDigits(now);
    this.now = now;
    const chance = this.random.bytes(10);
    return `msg_${this.timeDigits}${eightDigits(chance, 0)}${eightDigits(chance, 5)}`;
  }
}

/** Always the same for the same key: 128 bits of a hash that nobody can aim at another tenant's. */
export function keyedId({ tenant, principal, key }: KeyedBy): string {
  // Neither a tenant's nor a principal's name may hold a NUL.
  const hash = createHash('sha256').update(`${tenant}\0${principal}\0${key}`).digest();
  return `msg_${tenDigits(hash.readUIntBE(0, 6))}${eightDigits(hash, 6)}${eightDigits(hash, 11)}`;
}

/** 48 bits; two leading zero bits make 50, which 10 digits hold exactly. */
function tenDigits(bits: number): string {
  let text = '';
  for (let right = 2 ** 40; right >= 1; right /= 1_024) text += pairs[Math.floor(bits / right) % 1_024];
  return text;
}

/** 5 bytes from `at` on: 40 bits, which 8 digits hold exactly. */
function eightDigits(bytes: Uint8Array, at: number): string {
  const [a = 0, b = 0, c = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  const [d = 0, e = 0] = [bytes[at + 3], bytes[at + 4]];
  const left = `${pairs[(a << 2) | (b >> 6)]}${pairs[((b & 63) << 4) | (c >> 4)]}`;
  return `${left}${pairs[((c & 15) << 6) | (d >> 2)]}${pairs[((d & 3) << 8) | e]}`;
}
