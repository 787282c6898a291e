/**
 * What Bus promises between two processes. Must never take order or arrival for granted beyond a healthy bus:
 * a subscription counts once its own bus has answered a ping.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Bus, BusMessage } from '../ports/bus.js';
import { PortUnavailable } from '../ports/port-error.js';
import { busRequestContract } from './bus-request.js';
import { type BusSetUp, type BusSubject, bytes, freshSubject, listen, text } from './bus-subject.js';
import { run, span } from './specimens.js';

/** Registers the suite. */
export function busContract(name: string, setUp: BusSetUp): void {
  describe(`${name} keeps the contract of Bus (run ${run})`, { timeout: 20_000 }, () => {
    const buses: Bus[] = [];
    beforeAll(async () => {
      buses.push(await setUp.open(), await setUp.open());
    });
    afterAll(async () => {
      for (const bus of buses) await bus.close();
    });
    const subject = { ...setUp, here: () => buses[0]!, there: () => buses[1]! };
    publishing(subject);
    grouping(subject);
    carryingBytes(subject);
    busRequestContract(subject);
    closing(subject);
    reconnecting(subject);
  });
}

function publishing({ here, there }: BusSubject): void {
  it('tells every subscriber, in this process and another', async () => {
    const subject = freshSubject();
    const heard = [
      await listen(here(), subject),
      await listen(there(), subject),
      await listen(there(), subject),
    ];
    here().publish(subject, bytes('ding'));
    await vi.waitFor(() => expect(heard).toEqual([['ding'], ['ding'], ['ding']]));
  });

  it('never calls a subscriber before publish has returned', async () => {
    const subject = freshSubject();
    const heard = await listen(here(), subject);
    here().publish(subject, bytes('ding'));
    expect(heard).toEqual([]);
    await vi.waitFor(() => expect(heard).toEqual(['ding']));
  });

  it('tells nobody who listens to another subject', async () => {
    const subject = freshSubject();
    const others = [
      await listen(there(), `${subject}x`),
      await listen(there(), `${subject}.x`),
      await listen(there(), subject.slice(0, -1)),
    ];
    const heard = await listen(there(), subject);
    here().publish(subject, bytes('ding'));
    await vi.waitFor(() => expect(heard).toEqual(['ding']));
    await there().ping();
    expect(others.flat()).toEqual([]);
  });

  it('tells nobody who has unsubscribed, and those who have not', async () => {
    const subject = freshSubject();
    const gone: string[] = [];
    const subscription = there().subscribe(subject, (message) => gone.push(text(message.data)));
    const heard = await listen(there(), subject);
    for (let time = 0; time < 2; time++) subscription.unsubscribe();
    await there().ping();
    here().publish(subject, bytes('ding'));
    await vi.waitFor(() => expect(heard).toEqual(['ding']));
    expect(gone).toEqual([]);
  });

  it('lets a subscriber answer what was only published, to no effect', async () => {
    const subject = freshSubject();
    let answered = 0;
    there().subscribe(subject, (message: BusMessage) => {
      message.reply(bytes('nobody asked'));
      answered += 1;
    });
    await there().ping();
    here().publish(subject, bytes('ding'));
    await vi.waitFor(() => expect(answered).toBe(1));
  });

  it('carries 1,000 messages between healthy processes', async () => {
    const subject = freshSubject();
    const heard = await listen(there(), subject);
    const sent = span(1, 1_000).map((n) => `${n}`);
    for (const each of sent) here().publish(subject, bytes(each));
    await vi.waitFor(() => expect(new Set(heard)).toEqual(new Set(sent)), { timeout: 5_000 });
    expect(heard).toHaveLength(1_000);
  });
}

function grouping({ here, there }: BusSubject): void {
  it('tells one of each group, and everybody outside', async () => {
    const subject = freshSubject();
    const red = [
      await listen(here(), subject, 'red'),
      await listen(there(), subject, 'red'),
      await listen(there(), subject, 'red'),
    ];
    const blue = [await listen(here(), subject, 'blue')];
    const alone = [await listen(there(), subject)];
    const sent = span(1, 60).map((n) => `${n}`);
    for (const each of sent) here().publish(subject, bytes(each));
    for (const group of [red, blue, alone]) {
      await vi.waitFor(() => expect(group.flat()).toHaveLength(60));
      expect(new Set(group.flat())).toEqual(new Set(sent));
    }
    await there().ping();
    expect(red.flat()).toHaveLength(60);
  });

  it('tells the rest of a group when one has left', async () => {
    const subject = freshSubject();
    const gone: string[] = [];
    const leaver = there().subscribe(subject, (message) => gone.push(text(message.data)), 'red');
    const heard = await listen(here(), subject, 'red');
    leaver.unsubscribe();
    await there().ping();
    for (let n = 0; n < 20; n++) here().publish(subject, bytes('ding'));
    await vi.waitFor(() => expect(heard).toHaveLength(20));
    expect(gone).toEqual([]);
  });
}

function carryingBytes({ here, there }: BusSubject): void {
  it.each([0, 1, 256, 524_288])('carries %i bytes as they are', async (length) => {
    const subject = freshSubject();
    const data = Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 255);
    const heard: Uint8Array[] = [];
    there().subscribe(subject, (message) => heard.push(message.data));
    await there().ping();
    here().publish(subject, data);
    await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 5_000 });
    expect(heard[0]).toBeInstanceOf(Uint8Array);
    expect(heard[0]!.length).toBe(length);
    expect(heard[0]!.every((byte, at) => byte === data[at])).toBe(true);
  });

  it('carries a view as the bytes it shows', async () => {
    const subject = freshSubject();
    const heard = await listen(there(), subject);
    here().publish(subject, bytes('a long text').subarray(2, 6));
    await vi.waitFor(() => expect(heard).toEqual(['long']));
  });
}

function closing({ open, here }: BusSubject): void {
  it('ends all subscriptions when it is closed', async () => {
    const subject = freshSubject();
    const bus = await open();
    const gone = await listen(bus, subject);
    const heard = await listen(here(), subject);
    for (let time = 0; time < 2; time++) await bus.close();
    here().publish(subject, bytes('ding'));
    await vi.waitFor(() => expect(heard).toEqual(['ding']));
    expect(gone).toEqual([]);
  });

  it('publishes nothing once it is closed, without a word, and cannot be asked', async () => {
    const subject = freshSubject();
    const bus = await open();
    const heard = await listen(here(), subject);
    await bus.close();
    bus.publish(subject, bytes('late'));
    await expect(bus.ping()).rejects.toBeInstanceOf(PortUnavailable);
    await expect(bus.request(subject, bytes('late'), 1_000)).rejects.toBeInstanceOf(PortUnavailable);
    here().publish(subject, bytes('ding'));
    await vi.waitFor(() => expect(heard).toEqual(['ding']));
  });
}

function reconnecting({ open, here, interrupt }: BusSubject): void {
  if (!interrupt) return;
  it('goes on after its connection was cut, and says so', async () => {
    const subject = freshSubject();
    const bus = await open();
    let reconnects = 0;
    bus.onReconnect(() => {
      reconnects += 1;
    });
    const heard = await listen(bus, subject);
    expect(reconnects).toBe(0);
    await interrupt(bus);
    await vi.waitFor(() => expect(reconnects).toBe(1), { timeout: 10_000 });
    await bus.ping();
    here().publish(subject, bytes('again'));
    await vi.waitFor(() => expect(heard).toEqual(['again']));
    await bus.close();
  });
}
