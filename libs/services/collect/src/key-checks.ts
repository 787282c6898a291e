/**
 * Whether an API key is good: asks Auth over the bus and remembers the answer as long as Auth allows. While
 * Auth is silent a key that was good goes on being good for a while, so that an outage of the bus or of the
 * store stops no producer; only the first request of the silence waits for it.
 */
import {
  fromJsonBytes,
  type KeyCheckReply,
  type KeyCheckRequest,
  subjects,
  toJsonBytes,
} from '@carillon/domain';
import { Bus, Clock, PortError } from '@carillon/domain/ports';
import { Injectable } from '@nestjs/common';
import { CollectLog } from './collect-log.js';
import { CollectOptions } from './collect-options.js';
import type { Credential } from './credential.js';

/** Keys that are remembered; beyond it the one that was asked about longest ago is forgotten. */
const keysMax = 1_000;
/** How long a good key outlives the silence of Auth. */
const staleMs = 600_000;
/** While Auth is silent it is asked again this often per key. */
const retryMs = 1_000;
/** A key that was not used for so long after an unanswered question is asked for before it is believed. */
const unansweredMs = 5_000;

interface Known {
  readonly credential: Credential;
  /** Corrected time, epoch milliseconds. */
  readonly askAgainAt: number;
  readonly staleAt: number;
  /** The last question had no answer. */
  readonly isUnanswered: boolean;
}

/** `'unknown'`: no answer, and nothing is remembered. */
export type KeyVerdict = Credential | 'refused' | 'unknown';

@Injectable()
export class KeyChecks {
  private readonly known = new Map<string, Known>();
  private readonly asked = new Map<string, Promise<KeyVerdict>>();

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly options: CollectOptions,
    private readonly log: CollectLog,
  ) {}

  /** Remembered verdicts are given at once; while Auth is silent it is asked behind the request's back. */
  check(key: string): KeyVerdict | Promise<KeyVerdict> {
    const known = this.known.get(key);
    const now = this.clock.now();
    if (known && now < known.askAgainAt) return known.credential;
    const asking = this.asked.get(key) ?? this.askOnce(key);
    if (!known?.isUnanswered || now >= known.askAgainAt + unansweredMs) return asking;
    asking.catch((fault: unknown) => this.log.unseen(fault));
    return known.credential;
  }

  /** Many requests with one key ask once. */
  private askOnce(key: string): Promise<KeyVerdict> {
    const asking = this.ask(key).finally(() => this.asked.delete(key));
    this.asked.set(key, asking);
    return asking;
  }

  private async ask(key: string): Promise<KeyVerdict> {
    const request = toJsonBytes({ key } satisfies KeyCheckRequest);
    try {
      const reply = await this.bus.request(subjects.authKeyCheck, request, this.options.verdictTimeoutMs);
      return this.learn(key, fromJsonBytes<KeyCheckReply>(reply));
    } catch (error) {
      const verdict = this.remembered(key);
      if (!(error instanceof PortError)) throw error;
      return verdict;
    }
  }

  private learn(key: string, reply: KeyCheckReply): KeyVerdict {
    this.known.delete(key);
    if (reply.verdict === 'refused') return 'refused';
    const staleAt = this.clock.now() + staleMs;
    this.remember(key, { credential: reply, askAgainAt: reply.cacheUntil, staleAt, isUnanswered: false });
    return reply;
  }

  private remembered(key: string): KeyVerdict {
    const known = this.known.get(key);
    const now = this.clock.now();
    if (!known || now >= known.staleAt) {
      this.known.delete(key);
      return 'unknown';
    }
    this.remember(key, { ...known, askAgainAt: now + retryMs, isUnanswered: true });
    return known.credential;
  }

  private remember(key: string, known: Known): void {
    this.known.delete(key);
    this.known.set(key, known);
    if (this.known.size <= keysMax) return;
    const [oldest] = this.known.keys();
    if (oldest !== undefined) this.known.delete(oldest);
  }
}
