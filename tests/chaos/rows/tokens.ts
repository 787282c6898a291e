// The row of the tokens: they live for seconds, while a Push dies and another cannot reach NATS.
import { Probe } from '../../fleet/probe.ts';
import { Desk } from '../desk.ts';
import type { History } from '../history.ts';
import { atLeast, atMostMs, none, type Row } from '../row.ts';
import type { Stage } from '../stage.ts';
import { natsCableOf, throughNatsCable } from './nats.ts';
import { killFull } from './push.ts';

const expiredCode = 4201;
const rejectedCode = 4001;
/** Tokens count for so long after their end. */
const skewMs = 30_000;
const closedWithinMs = 5_000;
/** The clocks of fleet and nodes are one, their timers are not. */
const graceMs = 500;
const openTimeoutMs = 60_000;
const partitionMs = 40_000;
const verdictTimeoutMs = 10_000;
const onlineWithinMs = 20_000;

export const tokenRows: readonly Row[] = [
  {
    row: '36',
    broken: `tokens of 20 to 40 s, half of them renewed on the live socket, during rows 6 and 17; expired \
and forged ones. No command of the product revokes a token or a signing key before its time`,
    outcome: 'sessions closed 4201 ≤ 5 s after expiry and skew, back at once; renewed ones stay; forged 4001',
    seconds: 120,
    quickSeconds: 90,
    messagesPerSecond: 40,
    manyPerSecond: 1,
    tokenTtlS: { min: 20, max: 40, refreshing: 0.5 },
    prepare: throughNatsCable,
    run: async (stage) => {
      const wrong = new Desk(stage).token(`${stage.options.prefix}xold`, { ttlS: 1 });
      const all = stage.users.length;
      await stage.moment(500, 2_000);
      await killFull(stage, 'push-2');
      await stage.fleet.until(({ open }) => open === all, openTimeoutMs, 'all sockets open on others');
      await stage.app('push-2').restart();
      natsCableOf(stage).cut();
      await stage.wait(partitionMs);
      await bringWrongTokens(stage, await wrong);
      natsCableOf(stage).mend();
      stage.mark('mended');
      await stage.wait(partitionMs, partitionMs / 2);
    },
    judge: (history, stage) => {
      const { early, latestMs, count, renewed, renewedAndClosed } = expiriesIn(history);
      return [
        atLeast('sessions closed 4201', count, stage.users.length / 4),
        none('closed before the token’s end and skew', early),
        atMostMs('session alive after expiry and skew, at most', latestMs, closedWithinMs + graceMs),
        atLeast('tokens renewed on a live socket', renewed, stage.users.length / 4),
        none('sessions closed 4201 although renewed in time', renewedAndClosed),
        none('wrong tokens not closed with 4201 and 4001', stage.noted('mistaken')),
        atMostMs(
          'longest delay of what came after',
          history.longestBetween(stage.at('mended'), Infinity),
          onlineWithinMs,
        ),
      ];
    },
  },
];

/** To every node, the one that cannot ask Auth, too. */
async function bringWrongTokens(stage: Stage, expired: string): Promise<void> {
  const desk = new Desk(stage);
  stage.notes['mistaken'] = 0;
  const forged = `${expired.slice(0, -8)}AAAAAAAA`;
  for (const [token, expected] of [
    [expired, expiredCode],
    [forged, rejectedCode],
  ] as const) {
    for (const [node] of stage.cluster.pushNodes.entries()) {
      const probe = Probe.dial({ url: desk.socketUrl(node), token, device: 'wrong' });
      const late = new Promise<number>((resolve) => setTimeout(resolve, verdictTimeoutMs, 0));
      const code = await Promise.race([probe.closed, late]);
      if (code !== expected)
        stage.options.say(`${expected} expected, closed with ${code} by node ${node + 1}`);
      stage.count('mistaken', code === expected ? 0 : 1);
      await probe.drop();
    }
  }
}

interface Expiries {
  readonly count: number;
  readonly early: number;
  /** How long any session lived beyond its token's end and skew. */
  readonly latestMs: number;
  readonly renewed: number;
  readonly renewedAndClosed: number;
}

/** By the token that each session lived on, as the server had told it. */
function expiriesIn(history: History): Expiries {
  const tokens = new Map<string, { expiresAt: number; isRenewed: boolean }>();
  const found = { count: 0, early: 0, latestMs: 0, renewed: 0, renewedAndClosed: 0 };
  for (const { user, kind, at, code, expiresAt } of history.lines) {
    if (expiresAt !== undefined) tokens.set(user, { expiresAt, isRenewed: kind === 'token' });
    if (kind === 'token') found.renewed++;
    const token = tokens.get(user);
    if (kind !== 'closed' || !token) continue;
    tokens.delete(user);
    const lateMs = at - token.expiresAt - skewMs;
    found.latestMs = Math.max(found.latestMs, lateMs);
    if (code !== expiredCode) continue;
    found.count++;
    if (lateMs < -graceMs) found.early++;
    if (token.isRenewed) found.renewedAndClosed++;
  }
  return found;
}
