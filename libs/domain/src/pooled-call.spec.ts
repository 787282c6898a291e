// Many questions, few calls.
import { describe, expect, it } from 'vitest';
import { type PoolBounds, PooledCall } from './pooled-call.js';

interface Out {
  readonly questions: readonly number[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

function pool(bounds: PoolBounds) {
  const out: Out[] = [];
  const pooled = new PooledCall<number, string>(
    (questions) =>
      new Promise((resolve, reject) => {
        out.push({ questions, answer: () => resolve((one) => `a${one}`), fail: reject });
      }),
    bounds,
  );
  return { out, pooled };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const asked = (out: readonly Out[]) => out.map(({ questions }) => questions);

describe('a pooled call', () => {
  it('asks at once what is asked in one turn, in one call, and gives each its own answer', async () => {
    const { out, pooled } = pool({ questionsMax: 10, callsMax: 1 });
    const answers = Promise.all([1, 2, 3].map((one) => pooled.ask(one)));
    await turn();
    expect(asked(out)).toEqual([[1, 2, 3]]);
    out[0]?.answer();
    expect(await answers).toEqual(['a1', 'a2', 'a3']);
  });

  it('keeps to its bounds and asks later what came meanwhile', async () => {
    const { out, pooled } = pool({ questionsMax: 2, callsMax: 2 });
    for (let one = 1; one <= 7; one++) void pooled.ask(one);
    await turn();
    expect(asked(out)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    void pooled.ask(8);
    out[1]?.answer();
    await turn();
    expect(asked(out).slice(2)).toEqual([[5, 6]]);
    out[0]?.answer();
    await turn();
    expect(asked(out).slice(3)).toEqual([[7, 8]]);
  });

  it.each([
    ['as long as each turn brings another', 3, [1, 2, 3]],
    ['until it is full', 6, [1, 2, 3, 4]],
  ])('waits for more questions %s', async (_how, count, first) => {
    const { out, pooled } = pool({
      questionsMax: 4,
      callsMax: 1,
      turnsMax: 10,
      clock: { nextTurn: setImmediate },
    });
    for (let one = 1; one <= count; one++) {
      void pooled.ask(one);
      await turn();
    }
    await turn();
    expect(asked(out)).toEqual([first]);
  });

  it('waits for no more turns than it may, also after an answer', async () => {
    const { out, pooled } = pool({
      questionsMax: 9,
      callsMax: 1,
      turnsMax: 2,
      clock: { nextTurn: setImmediate },
    });
    for (let one = 1; one <= 7; one++) {
      void pooled.ask(one);
      if (one === 4) out[0]?.answer();
      await turn();
    }
    await turn();
    expect(asked(out)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('fails only those who were in the call, and goes on', async () => {
    const { out, pooled } = pool({ questionsMax: 1, callsMax: 1 });
    const [first, second] = [pooled.ask(1), pooled.ask(2)];
    await turn();
    out[0]?.fail(new Error('away'));
    await expect(first).rejects.toThrow('away');
    await turn();
    out[1]?.answer();
    expect(await second).toBe('a2');
  });
});
