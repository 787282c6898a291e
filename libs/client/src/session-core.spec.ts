/** The pure core: positions, order, acks. */
import { describe, expect, it } from 'vitest';
import type { Gap, Move, Outcome } from './session-core.js';
import { SessionCore } from './session-core.js';
import { messageAt, startAt, welcomeOf } from './testing/fake-world.js';

function setUp(logs = { user: startAt(0) }) {
  const moves: Move[] = [];
  const gaps: Gap[] = [];
  const core = new SessionCore(
    (move) => moves.push(move),
    (gap) => gaps.push(gap),
  );
  core.welcome(welcomeOf(logs));
  moves.length = 0;
  return { core, moves, gaps };
}

/** Handles everything whose turn it is; answers with the seqs in that order. */
function drain(core: SessionCore, log = 'user', outcome: Outcome = 'delivered'): number[] {
  const seqs: number[] = [];
  for (let job = core.next(log); job; job = core.next(log)) {
    seqs.push(job.message.seq);
    job.settle(outcome);
  }
  return seqs;
}

describe('taking', () => {
  it('takes what follows directly, drops what is lower and reports what is higher', () => {
    const { core } = setUp();
    expect(core.take(messageAt(1))).toBe(true);
    expect(core.take(messageAt(1))).toBe(true);
    expect(core.take(messageAt(3))).toBe(false);
    expect(core.take(messageAt(2))).toBe(true);
    expect(drain(core)).toEqual([1, 2]);
  });

  it('drops what belongs to no log, and what has no number for a seq', () => {
    const { core } = setUp();
    expect(core.take(messageAt(1, 'topic:x'))).toBe(true);
    expect(core.take({ type: 'message', log: 'user' } as ReturnType<typeof messageAt>)).toBe(true);
    expect(core.take({ ...messageAt(1), seq: 'x' as unknown as number })).toBe(true);
    expect(core.take(messageAt(1))).toBe(true);
    expect(drain(core)).toEqual([1]);
    expect(drain(core, 'topic:x')).toEqual([]);
  });

  it('takes a skip that spans the next seq, drops an older one and reports a later one', () => {
    const { core, moves } = setUp();
    const skip = (from: number, to: number) =>
      core.take({ type: 'skip', log: 'user', from, to, reason: 'expired' });
    expect(skip(2, 3)).toBe(false);
    expect(skip(1, 3)).toBe(true);
    expect(skip(2, 3)).toBe(true);
    expect(skip(3, 5)).toBe(true);
    expect(core.take(messageAt(6))).toBe(true);
    expect(drain(core)).toEqual([6]);
    expect(moves.map(({ seq }) => seq)).toEqual([3, 5, 6]);
  });

  it('settles a skip in its turn, not before the message in front of it', () => {
    const { core } = setUp();
    core.take(messageAt(1));
    core.take({ type: 'skip', log: 'user', from: 2, to: 9, reason: 'recalled' });
    const job = core.next('user');
    expect(core.next('user')).toBeUndefined();
    expect(core.cursor('user')).toBe(0);
    job?.settle('delivered');
    core.next('user');
    expect(core.cursor('user')).toBe(9);
  });
});

describe('turns', () => {
  it('hands out one message per log at a time, and logs side by side', () => {
    const { core } = setUp({ user: startAt(0), all: startAt(4) } as never);
    core.take(messageAt(1));
    core.take(messageAt(2));
    core.take(messageAt(5, 'all'));
    const first = core.next('user');
    expect(core.next('user')).toBeUndefined();
    expect(core.next('all')?.message.seq).toBe(5);
    first?.settle('failed');
    expect(core.next('user')?.message.seq).toBe(2);
  });
});

describe('acks', () => {
  it('are cumulative per log and name the failed and the unhandled', () => {
    const { core } = setUp();
    for (const seq of [1, 2, 3, 4]) core.take(messageAt(seq));
    for (const outcome of ['delivered', 'failed', 'unhandled', 'delivered'] as const)
      core.next('user')?.settle(outcome);
    expect(core.unsent).toBe(4);
    expect(core.report()).toEqual([{ type: 'ack', log: 'user', seq: 4, failed: [2], unhandled: [3] }]);
    expect(core.unsent).toBe(0);
    expect(core.report()).toEqual([]);
  });

  it('never name more than a window, however many have come together', () => {
    const { core } = setUp();
    for (let seq = 1; seq <= 150; seq += 1) core.take(messageAt(seq));
    drain(core, 'user', 'failed');
    const acks = core.report();
    expect(acks.map((ack) => ack.type === 'ack' && ack.seq)).toEqual([64, 128, 150]);
    expect(acks.flatMap((ack) => (ack.type === 'ack' ? ack.failed : []))).toHaveLength(150);
  });

  it('carry the ids that were read, a hundred a frame', () => {
    const { core } = setUp();
    for (let index = 0; index < 120; index += 1) core.read(`m${index}`);
    const frames = core.report();
    expect(frames.map((frame) => frame.type === 'read' && frame.ids.length)).toEqual([100, 20]);
  });
});

describe('starting', () => {
  it('keeps both positions where the server resumes, even if handlers went on meanwhile', () => {
    const { core, gaps } = setUp();
    for (const seq of [1, 2, 3]) core.take(messageAt(seq));
    core.next('user')?.settle('delivered');
    const running = core.next('user');
    core.welcome(welcomeOf({ user: startAt(1, 3) }));
    for (const seq of [2, 3, 4]) expect(core.take(messageAt(seq))).toBe(true);
    running?.settle('delivered');
    expect(drain(core)).toEqual([3, 4]);
    expect(core.cursor('user')).toBe(4);
    expect(gaps).toEqual([]);
  });

  it('sets both positions to from where it does not, and tells of the gap', () => {
    const { core, gaps, moves } = setUp({ user: startAt(7) });
    core.take(messageAt(8));
    const running = core.next('user');
    core.welcome(welcomeOf({ user: startAt(20, 25, false) }));
    expect(gaps).toEqual([{ log: 'user', cursor: 7, from: 20, head: 25 }]);
    running?.settle('delivered');
    expect(core.cursor('user')).toBe(20);
    expect(core.take(messageAt(21))).toBe(true);
    expect(moves).toEqual([{ user: 'u', epoch: 'e1', log: 'user', seq: 20, isReset: true }]);
  });

  it('goes down with from, and does not handle twice what waited and comes again', () => {
    const { core } = setUp({ user: startAt(7) });
    for (const seq of [8, 9, 10]) core.take(messageAt(seq));
    core.welcome(welcomeOf({ user: startAt(9, 12, false) }));
    expect(core.take(messageAt(10))).toBe(true);
    expect(drain(core)).toEqual([8, 9, 10]);
    expect(core.cursor('user')).toBe(10);
    expect(core.report()).toEqual([{ type: 'ack', log: 'user', seq: 10 }]);
  });

  it('goes on where what it has received since its hello joins on to what the server cannot prove', () => {
    const { core, gaps, moves } = setUp({ user: startAt(7) });
    for (const seq of [8, 9, 10]) core.take(messageAt(seq));
    const [first, second] = [core.next('user'), () => core.next('user')];
    first?.settle('delivered');
    second()?.settle('delivered');
    core.welcome(welcomeOf({ user: startAt(8, 12, false) }));
    expect(core.take(messageAt(9))).toBe(true);
    expect(drain(core)).toEqual([10]);
    expect(gaps).toEqual([]);
    expect(moves.map(({ seq }) => seq)).toEqual([8, 9, 10]);
  });

  it('does not ack by the old numbers after a reset', () => {
    const { core } = setUp({ user: startAt(7) });
    core.take(messageAt(8));
    core.next('user')?.settle('failed');
    core.welcome(welcomeOf({ user: startAt(2, 2, false) }));
    expect(core.report()).toEqual([]);
  });

  it('runs handlers in series across a reset', () => {
    const { core } = setUp();
    core.take(messageAt(1));
    const running = core.next('user');
    core.welcome(welcomeOf({ user: startAt(5, 5, false) }));
    core.take(messageAt(6));
    expect(core.next('user')).toBeUndefined();
    running?.settle('delivered');
    expect(core.next('user')?.message.seq).toBe(6);
  });

  it('does not tell of a gap where there was no position', () => {
    const { core, gaps } = setUp({ user: startAt(3, 3, false) });
    core.start('topic:x', startAt(9, 9, false));
    expect(gaps).toEqual([]);
    expect(core.cursor('topic:x')).toBe(9);
  });

  it('shows nothing of one user to the next, and resumes nothing either', () => {
    const { core, gaps } = setUp({ user: startAt(0), 'topic:x': startAt(0) } as never);
    for (const seq of [1, 2]) core.take(messageAt(seq));
    core.take(messageAt(1, 'topic:x'));
    core.next('topic:x')?.settle('failed');
    core.welcome(welcomeOf({ user: startAt(5) }, { user: 'other' }));
    expect(drain(core)).toEqual([]);
    expect(core.cursor('user')).toBe(5);
    expect(core.cursor('topic:x')).toBeUndefined();
    expect(core.report()).toEqual([]);
    expect(gaps).toHaveLength(1);
  });

  it('takes another epoch for a lost continuity', () => {
    const { core, gaps } = setUp({ user: startAt(4) });
    core.welcome(welcomeOf({ user: startAt(4) }, { epoch: 'e2' }));
    expect(gaps).toHaveLength(1);
    expect(core.hello()).toMatchObject({ user: 'u', epoch: 'e2', cursors: { user: 4 } });
  });
});

describe('hello', () => {
  it('says nothing but topics before the first welcome', () => {
    const core = new SessionCore(
      () => {},
      () => {},
    );
    core.wanted.add('topic:x');
    expect(JSON.parse(JSON.stringify(core.hello()))).toEqual({ cursors: {}, topics: ['x'] });
  });

  it('stays within a frame, with the most topics of the longest names', () => {
    const { core } = setUp();
    for (let index = 0; index < 256; index += 1) {
      const log = `topic:${String(index).padStart(128, 'x')}`;
      core.wanted.add(log);
      core.start(log, startAt(Number.MAX_SAFE_INTEGER));
    }
    const name = 'x'.repeat(128);
    const whole = { ...core.hello(), type: 'hello', device: name, instance: name, user: name, epoch: name };
    expect(JSON.stringify(whole).length).toBeLessThan(16_384 - 1_024);
    expect(core.hello().topics.length).toBeGreaterThan(40);
    expect(core.hello().cursors).toHaveProperty('user', 0);
  });

  it('goes on where an earlier instance ended', () => {
    const core = new SessionCore(
      () => {},
      () => {},
    );
    core.restore({ user: 'u', epoch: 'e1', cursors: { user: 12, all: 3 } });
    expect(core.hello()).toEqual({ user: 'u', epoch: 'e1', cursors: { user: 12, all: 3 }, topics: [] });
    core.welcome(welcomeOf({ user: startAt(12), all: startAt(3) }));
    expect(core.take(messageAt(13))).toBe(true);
    expect(core.take(messageAt(12))).toBe(true);
    expect(drain(core)).toEqual([13]);
  });
});

describe('at random', () => {
  const seed = Number(process.env.CLIENT_SEED ?? Math.floor(Math.random() * 2 ** 31));

  it(`hands out every message once and in order, whatever is doubled, lost or cut off (seed ${seed})`, () => {
    console.log(`client core: CLIENT_SEED=${seed}`);
    const draw = generator(seed);
    const { core, gaps } = setUp();
    const handled: number[] = [];
    let running: ReturnType<SessionCore['next']>;
    const server = unreliableServer(core, draw);
    while ((core.cursor('user') ?? 0) < head) {
      if (draw() < 0.6) server();
      else if (running) {
        handled.push(running.message.seq);
        running.settle(draw() < 0.1 ? 'failed' : 'delivered');
        running = undefined;
      } else running = core.next('user');
    }
    expect(handled).toEqual(Array.from({ length: head }, (_, index) => index + 1));
    expect(gaps).toEqual([]);
  });
});

const head = 2_000;

/**
 * Sends in order, but doubles one in five, loses one in fifty,
 * and begins anew where it is refused or at random.
 */
function unreliableServer(core: SessionCore, draw: () => number): () => void {
  let sent = 0;
  const resume = () => {
    sent = core.cursor('user') ?? 0;
    core.welcome(welcomeOf({ user: startAt(sent, head) }));
  };
  return () => {
    const back = draw() < 0.2 ? Math.floor(draw() * 5) : 0;
    const seq = Math.max(1, Math.min(head, sent + 1 - back));
    const isLost = draw() < 0.02;
    if (draw() < 0.02 || (!isLost && !core.take(messageAt(seq)))) resume();
    else sent = Math.max(sent, seq);
  };
}

function generator(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
