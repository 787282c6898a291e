/**
 * Ids of messages: a ULID, or the hash of who used which key, in the same shape.
 * One key of one principal is one id.
 */
import { createHash } from 'node:crypto';
import { Clock, Random } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';

/** Crockford's base 32, in the order of code units. */
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** What makes two requests the same: the tenant, the principal (keys rotate, principals stay) and the key. */
export interface KeyedBy {
  readonly tenant: string;
  readonly principal: string;
  readonly key: string;
}

@Injectable()
export class MessageIds {
  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** A new id. Source: ULID, 48 bits of time and 80 of chance. */
  fresh(): string {
    const bytes = new Uint8Array(16);
    const now = this.clock.now();
    for (let at = 0; at < 6; at += 1) bytes[at] = Math.floor(now / 2 ** (40 - 8 * at)) % 256;
    bytes.set(this.random.bytes(10), 6);
    return idOf(bytes);
  }
}

/** Always the same for the same key: 128 bits of a hash that nobody can aim at another tenant's. */
export function keyedId({ tenant, principal, key }: KeyedBy): string {
  // Neither a tenant's nor a principal's name may hold a NUL.
  return idOf(createHash('sha256').update(`${tenant}\0${principal}\0${key}`).digest().subarray(0, 16));
}

/** 128 bits as 26 digits, the first of which is at most 7. */
function idOf(bytes: Uint8Array): string {
  let id = 'msg_';
  let held = 0;
  // Two leading zero bits make 130, which 26 digits of 5 bits hold exactly.
  let heldBits = 2;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= 5) {
      heldBits -= 5;
      id += digits[(held >> heldBits) & 31];
    }
    held &= 31;
  }
  return id;
}
