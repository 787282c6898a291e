/** What a run is called, in a sentence and by its verdict, and what threads have counted together. */
import { describe, expect, it } from 'vitest';
import { goodTally, someResult } from './outturn.fixture.js';
import { printout } from './printout.js';
import { caveatsOf, rowsOf, sentenceOf } from './summary.js';
import { Tally } from './tally.js';

describe('a result', () => {
  it('is good when every message came once and in order', () => {
    const result = someResult();
    expect(result.verdict).toEqual({ isOk: true, endedEarly: false, faults: [] });
    expect(result.posts).toMatchObject({ accepted: 200, perSecond: 100 });
    expect(result.arrivals).toMatchObject({
      arrived: 200,
      missing: 0,
      handler: { p50Ms: 10.111, maxMs: 20 },
    });
    expect(sentenceOf(result)).toBe(
      '200 of 200 accepted messages arrived in order, each once; ' +
        'half of them within 10.1 ms, 99 % within 20 ms after the POST.',
    );
  });

  it.each([
    ['missing', '1 of the accepted messages did not arrive.'],
    ['doubled', '1 of the messages arrived more than once.'],
    ['outOfOrder', '1 of the messages arrived out of order.'],
    ['misdirected', '1 of the messages arrived at the wrong user.'],
    ['gaps', '1 times the server lost continuity.'],
    ['abandoned', '1 of the messages were not accepted.'],
  ] as const)('is bad for one message that is %s', (name, sentence) => {
    const result = someResult({
      tally: ({ counts }) => {
        counts[name] += 1;
      },
    });
    expect(result.verdict.isOk).toBe(false);
    expect(sentenceOf(result)).toBe(sentence);
  });

  it('is bad when a socket did not open, and names the codes', () => {
    const result = someResult({
      plan: { sockets: 22 },
      tally: (tally) => tally.code('socketsRefused', 'HTTP 503'),
    });
    expect(sentenceOf(result)).toBe('2 of the sockets did not open.');
    expect(rowsOf(result)).toContainEqual({ name: 'Sockets refused', value: '1 × HTTP 503' });
  });

  it('minds a dropped socket where sockets are all there is', () => {
    const drop = { tally: (tally: Tally) => tally.code('socketsDropped', '4200') };
    expect(someResult(drop).verdict.isOk).toBe(true);
    expect(sentenceOf(someResult({ ...drop, plan: { mode: 'connect' } }))).toBe(
      '1 of the sockets did not stay open.',
    );
  });

  it('is bad when nothing was accepted at all', () => {
    const nothing = { tally: (tally: Tally) => Object.assign(tally.counts, { accepted: 0, arrived: 0 }) };
    expect(someResult(nothing).verdict.faults).toEqual(['no message was accepted']);
  });

  it('that was ended early is neither good nor bad, and says what was on its way', () => {
    const result = someResult({
      outturn: { endedEarly: true },
      tally: ({ counts }) => {
        counts.missing = 3;
      },
    });
    expect(result.verdict).toEqual({ isOk: false, endedEarly: true, faults: [] });
    expect(result.arrivals).toMatchObject({ missing: 0, onTheirWay: 3 });
    expect(sentenceOf(result)).toMatch(/^Ended early, .* 3 were on their way/);
    expect(printout(result, { toned: (text) => text })).toMatch(/^ENDED EARLY {2}/);
  });

  it('has only what its mode measures', () => {
    const send = someResult({ plan: { mode: 'send' } });
    expect([send.sockets, send.arrivals]).toEqual([undefined, undefined]);
    const connect = someResult({ plan: { mode: 'connect' } });
    expect([connect.posts, connect.arrivals]).toEqual([undefined, undefined]);
    expect(connect.tool.bytesPerSocket).toBe(102_400);
  });

  it('says where it was measured, and when the tool itself may have been', () => {
    expect(caveatsOf(someResult())).toEqual([expect.stringMatching(/^Client and server ran on one machine/)]);
    expect(
      caveatsOf(
        someResult({ made: { isSameMachine: false }, outturn: { cpuMs: 1_900 }, plan: { rate: 200 } }),
      ),
    ).toEqual([
      expect.stringContaining('the network between'),
      expect.stringContaining('rate that was asked for was not reached'),
      expect.stringContaining('it may be what was measured'),
    ]);
  });

  it('draws a long run with few steps, and a rate only of the time in which it was measured', () => {
    const { course } = someResult({ tally: (tally) => tally.mark('accepted', 3_599_000) });
    expect(course.length).toBeLessThanOrEqual(240);
    expect(course.at(-1)?.toMs).toBe(3_599_000);
    expect(someResult().course.at(-1)).toMatchObject({ toMs: 2_000, accepted: 104 });
  });
});

describe('what threads have counted', () => {
  it('adds up', () => {
    const sum = new Tally();
    for (let nth = 0; nth < 3; nth += 1) {
      const tally = goodTally();
      tally.code('messagesRefused', 'overloaded');
      tally.missing = [
        { id: `msg_${nth}`, user: 'a' },
        { id: `msg_${nth}b`, user: 'b' },
      ];
      sum.merge(structuredClone(tally.figures()));
    }
    expect(sum.counts).toMatchObject({ opened: 60, accepted: 600, arrived: 600, posted: 600 });
    expect(sum.codes.messagesRefused).toEqual({ overloaded: 3 });
    expect(sum.durations.handler.count).toBe(600);
    expect(sum.series.accepted.slice(0, 3)).toEqual([72, 75, 75]);
    expect(sum.lastMs.arrived).toBe(2_000);
    expect(sum.missing).toHaveLength(5);
  });

  it('has no holes where for a while nothing came', () => {
    const tally = new Tally();
    tally.mark('accepted', 1_000);
    expect(tally.figures().series.accepted).toEqual([0, 0, 0, 0, 1]);
  });
});
