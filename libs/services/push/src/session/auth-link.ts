/**
 * Push's line to Auth: the verdict on a token, and the policy (origins, public keys) that lets Push judge by
 * itself while Auth is silent. Tokens are never logged and never leave towards anything but Auth.
 */
import {
  type AuthPolicy,
  fromJsonBytes,
  jittered,
  PooledCall,
  subjects,
  type TokenVerdict,
  toJsonBytes,
  tokensPerRequestMax,
  type UserKey,
  userKey,
  type VerifyReply,
  type VerifyRequest,
} from '@carillon/domain';
import { Bus, Clock, ClockTrust, PortError, Random, repeat, type Timer } from '@carillon/domain/ports';
import { KeySet, verifyToken } from '@carillon/tokens';
import { Injectable } from '@nestjs/common';
import { PushOptions } from '../push-options.js';

/** What becomes of a connection that showed a token. */
export type Verdict =
  | {
      readonly outcome: 'accepted';
      readonly tenant: string;
      readonly user: UserKey;
      readonly expiresAt: number;
      readonly device?: string;
      /** Patterns of the topics that may be followed. */
      readonly topics: readonly string[];
    }
  | { readonly outcome: 'refused' | 'expired' | 'none'; readonly detail: string };

/** How often the policy is asked for. */
const policyEveryMs = 10_000;
const firstPolicyEveryMs = 500;
/** Requests for verdicts under way: one that is lost must not hold up everybody. */
const callsMax = 2;
const unanswered: TokenVerdict = { verdict: 'unknown-key', detail: 'Auth gave no verdict' };
/** One for all tokens that allow none. */
const noTopics: readonly string[] = [];

interface TokenQuestion {
  readonly token: string;
  /** Nobody waits for the verdict any longer, monotonic. */
  readonly until: number;
}

@Injectable()
export class AuthLink {
  private policy: AuthPolicy | undefined;
  private readonly keys = new KeySet();
  private origins = new Set<string>();
  private timer: Timer | undefined;
  private readonly patienceMs: number;
  /** Thousands come back in one second: those that wait for a verdict ask for it together. */
  private readonly verdicts;

  constructor(
    private readonly bus: Bus,
    private readonly clock: Clock,
    private readonly trust: ClockTrust,
    private readonly random: Random,
    options: PushOptions,
  ) {
    this.patienceMs = options.verdictTimeoutMs;
    this.verdicts = new PooledCall<TokenQuestion, TokenVerdict>(
      (questions) => this.ask(questions),
      {
        questionsMax: tokensPerRequestMax,
        callsMax,
        turnsMax: tokensPerRequestMax,
        clock,
      },
      ({ token }) => token,
    );
  }

  /** Asks for the policy now and from time to time. */
  async start(): Promise<void> {
    await this.refresh();
    const pauseMs = () => jittered(this.random, this.policy ? policyEveryMs : firstPolicyEveryMs);
    this.timer = repeat(this.clock, pauseMs, () => this.refresh());
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** @throws Error while no policy has arrived: nobody can be judged. */
  checkReady(): void {
    if (!this.policy) throw new Error('no policy from Auth yet');
  }

  /** Whether any tenant allows this browser origin; exact match. */
  isKnownOrigin(origin: string): boolean {
    return this.origins.has(origin);
  }

  /** Whether this tenant allows the origin; exact match. */
  isOriginOf(tenant: string, origin: string): boolean {
    return this.policy?.origins[tenant]?.includes(origin) ?? false;
  }

  /** Never rejects. `'none'`: nobody could tell in time, or the key is not known for now. */
  async verify(token: string): Promise<Verdict> {
    try {
      return verdictOf(await this.verdicts.ask({ token, until: this.clock.monotonic() + this.patienceMs }));
    } catch (error) {
      if (!(error instanceof PortError)) throw error;
      return this.verifyAlone(token);
    }
  }

  /** Those that waited for their call have that much less time for the answer. */
  private async ask(questions: readonly TokenQuestion[]): Promise<(question: TokenQuestion) => TokenVerdict> {
    const tokens = questions.map(({ token }) => token);
    const request: VerifyRequest = { tokens };
    const until = Math.min(...questions.map((question) => question.until));
    const leftMs = Math.max(1, until - this.clock.monotonic());
    const bytes = await this.bus.request(subjects.authVerify, toJsonBytes(request), leftMs);
    const { verdicts } = fromJsonBytes<VerifyReply>(bytes);
    const found = new Map(tokens.map((token, at) => [token, verdicts[at]]));
    return ({ token }) => found.get(token) ?? unanswered;
  }

  private verifyAlone(token: string): Verdict {
    if (!this.policy) return { outcome: 'none', detail: 'Auth does not answer' };
    if (!this.trust.isTrusted) return { outcome: 'none', detail: 'the clock of this node is wrong' };
    const { issuer, audience } = this.policy;
    return verdictOf(verifyToken({ token, keys: this.keys, issuer, audience, now: this.clock.now() }));
  }

  private async refresh(): Promise<void> {
    try {
      const bytes = await this.bus.request(subjects.authPolicy, new Uint8Array(), this.patienceMs);
      const policy = fromJsonBytes<AuthPolicy>(bytes);
      this.keys.replace(policy.keys);
      this.policy = policy;
      this.origins = new Set(Object.values(policy.origins).flat());
    } catch (error) {
      if (!(error instanceof PortError)) throw error; // an old policy serves until Auth is back
    }
  }
}

function verdictOf(reply: TokenVerdict): Verdict {
  switch (reply.verdict) {
    case 'accepted':
      return {
        outcome: 'accepted',
        tenant: reply.tenant,
        user: userKey(reply.tenant, reply.user),
        expiresAt: reply.expiresAt,
        topics: reply.topics?.length ? reply.topics : noTopics,
        ...(reply.device === undefined ? {} : { device: reply.device }),
      };
    case 'refused':
    case 'expired':
      return { outcome: reply.verdict, detail: reply.detail };
    case 'unknown-key':
      return { outcome: 'none', detail: reply.detail };
  }
}
