/** What Bus promises to one who asks: an answer, or at once or in time the reason why there is none. */
import { describe, expect, it, vi } from 'vitest';
import type { Bus } from '../ports/bus.js';
import { NoResponder, TimedOut } from '../ports/port-error.js';
import { type BusSubject, bytes, freshSubject, text } from './bus-subject.js';
import { span } from './specimens.js';

/** Longer than any test takes. */
const longMs = 60_000;
const shortMs = 200;

interface Responder {
  readonly reply: (words: string) => string;
  readonly group?: string;
}

/** Registers the suite. */
export function busRequestContract(subject: BusSubject): void {
  describe('requests', () => {
    answering(subject);
    failing(subject);
  });
}

function answering({ here, there, passTime }: BusSubject): void {
  it('gives the answer to the one who asked, from another process and from its own', async () => {
    const subject = freshSubject();
    await answer(there(), subject, { reply: (words) => `${words} yourself` });
    expect(await ask(here(), subject, 'hello')).toBe('hello yourself');
    expect(await ask(there(), subject, 'hi')).toBe('hi yourself');
  });

  it('gives each of 200 requests at once its own answer', async () => {
    const subject = freshSubject();
    await answer(there(), subject, { reply: (words) => `re: ${words}` });
    const answers = await Promise.all(span(1, 200).map((n) => ask(here(), subject, `${n}`)));
    expect(answers).toEqual(span(1, 200).map((n) => `re: ${n}`));
  });

  it('asks one of a group', async () => {
    const subject = freshSubject();
    let asked = 0;
    const reply = (words: string) => {
      asked += 1;
      return words;
    };
    for (const bus of [here(), there(), there()]) await answer(bus, subject, { reply, group: 'red' });
    await Promise.all(span(1, 30).map((n) => ask(here(), subject, `${n}`)));
    expect(asked).toBe(30);
  });

  it('takes the first of several answers, and ignores the rest', async () => {
    const subject = freshSubject();
    there().subscribe(subject, (message) => {
      for (const words of ['first', 'second']) message.reply(bytes(words));
    });
    await there().ping();
    expect(await ask(here(), subject, 'a')).toBe('first');
    expect(await ask(here(), subject, 'b')).toBe('first');
  });

  it('takes an answer that comes in a later turn', async () => {
    const subject = freshSubject();
    there().subscribe(subject, (message) => {
      void passTime(shortMs).then(() => message.reply(bytes('late')));
    });
    await there().ping();
    expect(await ask(here(), subject, 'a')).toBe('late');
  });

  it('carries 512 KiB there and back as they are', async () => {
    const subject = freshSubject();
    const data = Uint8Array.from({ length: 524_288 }, (_, at) => (at * 7 + (at >> 9)) & 255);
    there().subscribe(subject, (message) => message.reply(message.data));
    await there().ping();
    const back = await here().request(subject, data, longMs);
    expect(back.length).toBe(data.length);
    expect(back.every((byte, at) => byte === data[at])).toBe(true);
  });
}

function failing({ open, here, there, passTime }: BusSubject): void {
  it('says at once that nobody listens', async () => {
    await expect(ask(here(), freshSubject(), 'anybody?')).rejects.toBeInstanceOf(NoResponder);
  });

  it('says at once that everybody has left', async () => {
    const subject = freshSubject();
    there()
      .subscribe(subject, (message) => message.reply(message.data))
      .unsubscribe();
    await there().ping();
    await expect(ask(here(), subject, 'anybody?')).rejects.toBeInstanceOf(NoResponder);
  });

  it('times out when there is no answer, and ignores one that comes later', async () => {
    const subject = freshSubject();
    const late: (() => void)[] = [];
    there().subscribe(subject, (message) => late.push(() => message.reply(bytes('too late'))));
    await there().ping();
    const outcome = expect(here().request(subject, bytes('a'), shortMs)).rejects.toBeInstanceOf(TimedOut);
    await vi.waitFor(() => expect(late).toHaveLength(1));
    await passTime(shortMs * 2);
    await outcome;
    late[0]!();
    await there().ping();
    await answer(here(), `${subject}.next`, { reply: (words) => words });
    expect(await ask(here(), `${subject}.next`, 'b')).toBe('b');
  });

  it('ends its open requests when it is closed, and no others', async () => {
    const subject = freshSubject();
    const asked: (() => void)[] = [];
    there().subscribe(subject, (message) => asked.push(() => message.reply(bytes('done'))));
    await there().ping();
    const bus = await open();
    const ended = expect(ask(bus, subject, 'a')).rejects.toBeInstanceOf(TimedOut);
    const kept = ask(here(), subject, 'b');
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    await bus.close();
    await ended;
    for (const reply of asked) reply();
    expect(await kept).toBe('done');
  });
}

/** Subscribes one who answers at once, and waits until the bus knows. */
async function answer(bus: Bus, subject: string, { reply, group }: Responder): Promise<void> {
  bus.subscribe(subject, (message) => message.reply(bytes(reply(text(message.data)))), group);
  await bus.ping();
}

async function ask(bus: Bus, subject: string, words: string): Promise<string> {
  return text(await bus.request(subject, bytes(words), longMs));
}
