/**
 * What Schedule promises: a message for later goes to one process at a time, and nothing cancelled is fired.
 */
import { describe, expect, it } from 'vitest';
import type { ScheduledMessage } from '../ports/schedule.js';
import { dayMs, farPast, freshName, span } from './specimens.js';
import type { StoreSubject } from './store-subject.js';

/** A message as it is brought. */
type Brought = Omit<ScheduledMessage, 'state'>;

/** Registers the suite. */
export function scheduleContract(subject: StoreSubject): void {
  describe('Schedule', () => {
    adding(subject);
    claiming(subject);
    claimingAgain(subject);
    ending(subject);
    claimingUnderRaces(subject);
    cancellingUnderRaces(subject);
  });
}

function adding({ store, other }: StoreSubject): void {
  it('keeps a message as it was brought, waiting', async () => {
    const message = dueAt(farPast());
    expect(await store().schedule.add(message)).toEqual({ ...message, state: 'waiting' });
    expect(await other().schedule.find([message.id])).toEqual([{ ...message, state: 'waiting' }]);
  });

  it('answers an id that is there with the stored message, whatever the new content', async () => {
    const message = dueAt(farPast());
    const stored = await store().schedule.add(message);
    const again = { ...message, posting: '{}', fingerprint: 'other', dueAt: 1 };
    expect(await other().schedule.add(again)).toEqual(stored);
    await store().schedule.cancel(message.id, await store().facts.now());
    expect(await other().schedule.add(message)).toEqual({ ...stored, state: 'cancelled' });
  });

  it('gives all who bring one id at once the same message', async () => {
    const message = dueAt(farPast());
    const told = await Promise.all(
      span(1, 20).map((n) => (n % 2 ? store() : other()).schedule.add({ ...message, fingerprint: `f${n}` })),
    );
    const stored = await store().schedule.find([message.id]);
    expect(stored).toHaveLength(1);
    for (const each of told) expect([each]).toEqual(stored);
  });

  it('finds those that are there, and no others', async () => {
    const messages = [dueAt(farPast()), dueAt(farPast())];
    for (const message of messages) await store().schedule.add(message);
    const ids = messages.map(({ id }) => id);
    const found = await other().schedule.find([ids[1]!, freshName(), ids[0]!]);
    expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(await other().schedule.find([])).toEqual([]);
  });
}

function claiming(subject: StoreSubject): void {
  const { store, other } = subject;

  it('claims what is due, oldest first, up to the limit, and each once', async () => {
    const start = await quietPast(subject);
    const messages = [30, 10, 40, 20].map((at) => dueAt(start + at));
    for (const message of messages) await store().schedule.add(message);
    const claim = { by: freshName(), until: start + 1_000 };
    const claimed = async (now: number, limit: number) =>
      (await other().schedule.claimDue(start + now, claim, limit)).map((each) => [
        each.dueAt - start,
        each.state,
      ]);
    expect(await claimed(9, 10)).toEqual([]);
    expect(await claimed(30, 2)).toEqual([
      [10, 'claimed'],
      [20, 'claimed'],
    ]);
    expect(await claimed(30, 2)).toEqual([[30, 'claimed']]);
    expect(await claimed(30, 2)).toEqual([]);
    expect(await claimed(50, 0)).toEqual([]);
    expect(await claimed(50, 10)).toEqual([[40, 'claimed']]);
  });

  it('hands out the whole message', async () => {
    const start = await quietPast(subject);
    const message = dueAt(start);
    await store().schedule.add(message);
    const claimed = await other().schedule.claimDue(start, { by: freshName(), until: start + 9 }, 5);
    expect(claimed).toEqual([{ ...message, state: 'claimed' }]);
    expect(await store().schedule.find([message.id])).toEqual(claimed);
  });
}

function claimingAgain(subject: StoreSubject): void {
  const { store, other } = subject;

  it('gives a message to another when the claim has run out, and refuses the late one', async () => {
    const start = await quietPast(subject);
    const message = dueAt(start);
    await store().schedule.add(message);
    const now = await store().facts.now();
    const [first, second] = [freshName(), freshName()];
    const ids = async (by: string, at: number) =>
      (await other().schedule.claimDue(start + at, { by, until: start + at + 100 }, 5)).map(({ id }) => id);
    expect(await ids(first, 1)).toEqual([message.id]);
    expect(await ids(second, 100)).toEqual([]);
    expect(await ids(second, 101)).toEqual([message.id]);
    await store().schedule.fired([message.id], first, now);
    expect(await state(message.id)).toBe('claimed');
    await store().schedule.fired([message.id], second, now);
    expect(await state(message.id)).toBe('fired');
    expect(await ids(first, dayMs / 4)).toEqual([]);
  });

  it('takes for fired what nobody else has claimed since the claim ran out', async () => {
    const start = await quietPast(subject);
    const message = dueAt(start);
    await store().schedule.add(message);
    const by = freshName();
    await store().schedule.claimDue(start, { by, until: start + 1 }, 5);
    await other().schedule.fired([message.id, freshName()], by, await store().facts.now());
    expect(await state(message.id)).toBe('fired');
  });

  async function state(id: string): Promise<string | undefined> {
    return (await store().schedule.find([id]))[0]?.state;
  }
}

function ending(subject: StoreSubject): void {
  const { store, other } = subject;

  it('cancels what waits, also twice, and never fires it', async () => {
    const start = await quietPast(subject);
    const message = dueAt(start);
    await store().schedule.add(message);
    const now = await store().facts.now();
    for (const which of [store(), other()]) {
      expect(await which.schedule.cancel(message.id, now)).toBe('cancelled');
    }
    const by = freshName();
    expect(await store().schedule.claimDue(start + 9, { by, until: start + 99 }, 5)).toEqual([]);
    await store().schedule.fired([message.id], by, now);
    expect(await other().schedule.find([message.id])).toEqual([{ ...message, state: 'cancelled' }]);
  });

  it('is too late to cancel what is claimed or fired, and knows nothing of another id', async () => {
    const start = await quietPast(subject);
    const message = dueAt(start);
    await store().schedule.add(message);
    const [by, now] = [freshName(), await store().facts.now()];
    await store().schedule.claimDue(start, { by, until: start + 9 }, 5);
    expect(await other().schedule.cancel(message.id, now)).toBe('too-late');
    await store().schedule.fired([message.id], by, now);
    expect(await other().schedule.cancel(message.id, now)).toBe('too-late');
    expect(await other().schedule.find([message.id])).toMatchObject([{ state: 'fired' }]);
    expect(await other().schedule.cancel(freshName(), now)).toBe('unknown');
  });

  it('fires nothing that waits', async () => {
    const message = dueAt(farPast());
    await store().schedule.add(message);
    await store().schedule.fired([message.id], freshName(), await store().facts.now());
    await store().schedule.fired([], freshName(), await store().facts.now());
    expect(await other().schedule.find([message.id])).toMatchObject([{ state: 'waiting' }]);
  });
}

function claimingUnderRaces(subject: StoreSubject): void {
  const { store, other } = subject;

  it('gives each of 60 due messages to one of 8 that claim at once, and all of them', async () => {
    const start = await quietPast(subject);
    const messages = span(1, 60).map((n) => dueAt(start + n));
    await Promise.all(messages.map((message) => store().schedule.add(message)));
    const told: string[] = [];
    const claimer = async (n: number) => {
      const { schedule } = n % 2 ? store() : other();
      for (let tries = 0; tries < 200; tries += 1) {
        const claim = { by: `${freshName()}.${tries}`, until: start + dayMs };
        const claimed = await schedule.claimDue(start + 100, claim, 5);
        told.push(...claimed.map(({ id }) => id));
        if (told.length >= messages.length) return;
      }
    };
    await Promise.all(span(1, 8).map(claimer));
    expect(told.sort()).toEqual(messages.map(({ id }) => id).sort());
  });

  it('gives each expired claim to one of several that take it over', async () => {
    const start = await quietPast(subject);
    const messages = span(1, 20).map((n) => dueAt(start + n));
    for (const message of messages) await store().schedule.add(message);
    await store().schedule.claimDue(start + 50, { by: freshName(), until: start + 60 }, 50);
    const claims = await Promise.all(
      span(1, 6).map((n) => {
        const claim = { by: freshName(), until: start + dayMs };
        return (n % 2 ? store() : other()).schedule.claimDue(start + 60, claim, 50);
      }),
    );
    const told = claims.flat().map(({ id }) => id);
    expect(told.sort()).toEqual(messages.map(({ id }) => id).sort());
  });
}

function cancellingUnderRaces(subject: StoreSubject): void {
  const { store, other } = subject;

  it('either cancels or claims each message when both race', async () => {
    const start = await quietPast(subject);
    const messages = span(1, 40).map((n) => dueAt(start + n));
    for (const message of messages) await store().schedule.add(message);
    const now = await store().facts.now();
    const claims = [store(), other()].map(({ schedule }) =>
      schedule.claimDue(start + 50, { by: freshName(), until: start + dayMs }, 40),
    );
    const verdicts = await Promise.all(
      messages.map(({ id }, n) => (n % 2 ? store() : other()).schedule.cancel(id, now)),
    );
    const claimed = new Set((await Promise.all(claims)).flat().map(({ id }) => id));
    for (const [n, { id }] of messages.entries()) {
      const [stored] = await store().schedule.find([id]);
      if (verdicts[n] === 'cancelled') expect([id, stored?.state]).toEqual([id, 'cancelled']);
      expect([id, claimed.has(id)]).toEqual([id, verdicts[n] === 'too-late']);
    }
  });
}

function dueAt(at: number): Brought {
  const id = freshName();
  return {
    ...{ id, tenant: `t${id}`, fingerprint: 'f', posting: `{ "data":{"$a":"é\\u0000"},"id":"${id}"}` },
    ...{ recipients: 3, acceptedAt: 1_800_000_000_000, dueAt: at },
  };
}

/** A time of long ago at which nothing else is due. */
async function quietPast({ store }: StoreSubject): Promise<number> {
  const start = farPast();
  const by = freshName();
  for (let step = 0; step < 100; step += 1) {
    const due = await store().schedule.claimDue(start + dayMs / 2, { by, until: start + dayMs / 2 }, 1_000);
    if (due.length === 0) return start;
    await store().schedule.fired(
      due.map(({ id }) => id),
      by,
      await store().facts.now(),
    );
  }
  throw new Error('the past was never quiet');
}
