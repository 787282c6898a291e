// Verdicts on tokens: asked for together, and none comes later than a client may wait for it.
import {
  type AuthPolicy,
  fromJsonBytes,
  parameters,
  subjects,
  type TokenVerdict,
  toJsonBytes,
  tokensPerRequestMax,
  type VerifyRequest,
} from '@carillon/domain';
import { type MemoryPorts, memoryPorts } from '@carillon/testkit';
import { generateSigningKey, openSigningKey, signToken } from '@carillon/tokens';
import { beforeEach, describe, expect, it } from 'vitest';
import { pushOptions } from '../push-options.fixture.js';
import { AuthLink, type Verdict } from './auth-link.js';

const { verdictTimeoutMs } = parameters;
const names = { issuer: 'carillon', audience: 'push' };

let ports: MemoryPorts;
let link: AuthLink;
/** What Auth was asked, one list per request. */
let asked: (readonly string[])[];
let isSilent: boolean;
let ownToken: string;

beforeEach(async () => {
  ports = await memoryPorts();
  const { bus, clock, trust, random } = ports;
  asked = [];
  isSilent = false;
  bus.subscribe(subjects.authVerify, (message) => {
    const { tokens } = fromJsonBytes<VerifyRequest>(message.data);
    asked.push(tokens);
    if (!isSilent) message.reply(toJsonBytes({ verdicts: tokens.map(verdictOn) }));
  });
  const key = await generateSigningKey({ createdAt: 0 });
  const policy: AuthPolicy = { origins: {}, ...names, keys: [key.publicJwk] };
  bus.subscribe(subjects.authPolicy, (message) => message.reply(toJsonBytes(policy)));
  const claims = { tenant: 'default', user: '42' };
  const order = { signer: openSigningKey(key), claims, ...names, now: clock.now(), ttlMs: 60_000 };
  ownToken = signToken(order).token;
  link = new AuthLink(bus, clock, trust, random, pushOptions());
  await Promise.all([link.start(), clock.advance(1)]);
  return () => link.stop();
});

describe('tokens that come in one turn', () => {
  it('are one request, and each gets its own verdict', async () => {
    const tokens = ['good-1', 'bad', 'good-2', 'old'];
    const verdicts = await answered(Promise.all(tokens.map((token) => link.verify(token))));
    expect(asked).toEqual([tokens]);
    expect(verdicts).toMatchObject([
      { outcome: 'accepted', user: 'default/1' },
      { outcome: 'refused' },
      { outcome: 'accepted', user: 'default/2' },
      { outcome: 'expired' },
    ]);
  });

  it('are as few requests as their bound allows, and nobody is left out', async () => {
    const tokens = Array.from({ length: tokensPerRequestMax * 6 + 1 }, (_, at) => `good-${at}`);
    const verdicts = await answered(Promise.all(tokens.map((token) => link.verify(token))));
    expect(asked.map(({ length }) => length)).toEqual([...Array(6).fill(tokensPerRequestMax), 1]);
    expect(verdicts.map((verdict) => 'user' in verdict && verdict.user)).toEqual(
      tokens.map((_, at) => `default/${at}`),
    );
  });

  it('have no verdict when Auth says less than it was asked', async () => {
    ports.bus.subscribe(subjects.authVerify, (message) => message.reply(toJsonBytes({ verdicts: [] })));
    isSilent = true;
    expect(await answered(link.verify('good-1'))).toMatchObject({ outcome: 'none' });
  });
});

describe('while Auth is silent', () => {
  beforeEach(() => {
    isSilent = true;
  });

  it('a token is judged by the keys at hand, in the time that it may wait and not later', async () => {
    const verdict = settledIn(link.verify(ownToken));
    await ports.clock.advance(verdictTimeoutMs - 1);
    expect(verdict.value).toBeUndefined();
    await ports.clock.advance(1);
    expect(verdict.value).toMatchObject({ outcome: 'accepted', user: 'default/42' });
  });

  it('nor does one come later that had to wait for its request', async () => {
    for (let turn = 0; turn < 2; turn++) {
      void link.verify(`good-${turn}`);
      await ports.clock.advance(1);
    }
    await ports.clock.advance(verdictTimeoutMs / 2);
    const verdict = settledIn(link.verify(ownToken));
    await ports.clock.advance(verdictTimeoutMs / 2);
    expect(asked.at(-1)).toEqual([ownToken]); // it had to wait for the first two
    await ports.clock.advance(verdictTimeoutMs / 2);
    expect(verdict.value).toMatchObject({ outcome: 'accepted' });
  });

  it('nobody is judged by a clock that is wrong', async () => {
    ports.trust.isTrusted = false;
    const verdict = settledIn(link.verify(ownToken));
    await ports.clock.advance(verdictTimeoutMs);
    expect(verdict.value).toMatchObject({ outcome: 'none' });
  });
});

function verdictOn(token: string): TokenVerdict {
  const [kind, user] = token.split('-');
  if (kind === 'old') return { verdict: 'expired', detail: 'late' };
  if (!user) return { verdict: 'refused', detail: 'bad' };
  return { verdict: 'accepted', tenant: 'default', user, expiresAt: 2e12 };
}

async function answered<T>(answer: Promise<T>): Promise<T> {
  const [result] = await Promise.all([answer, ports.clock.advance(1)]);
  return result;
}

function settledIn(verdict: Promise<Verdict>): { value: Verdict | undefined } {
  const box: { value: Verdict | undefined } = { value: undefined };
  void verdict.then((value) => {
    box.value = value;
  });
  return box;
}
