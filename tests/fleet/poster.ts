// The business system of a run, as a process of its own: posts singles, lists and batches at a steady rate,
// repeats with the same key what was not accepted, and writes down every 202 it was given.
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetLog } from './fleet-log.ts';
import { seededRandom } from './random.ts';

/** The first message from the parent. The key comes in the environment (CARILLON_KEY). */
export interface PosterOrder {
  /** After a failure the next one: what a balancer would do that has seen this one fail. */
  readonly collectUrls: readonly string[];
  readonly users: readonly string[];
  readonly seed: number;
  readonly logFile: string;
  readonly singles: number;
  /** Messages with a list of users, and how many users each. */
  readonly lists: number;
  readonly listUsers: number;
  readonly batches: number;
  readonly batchItems: number;
  readonly messagesPerSecond: number;
  /** Messages to one of these each: `all`, `topic:…`. */
  readonly many?: { readonly logs: readonly string[]; readonly count: number };
  /** Makes the keys of this run its own, where one cluster sees several. */
  readonly keyPrefix?: string;
}

/**
 * `first`: the first Collect again, whichever has failed. `stop`: what is under way is finished, nothing more
 * is begun.
 */
export type PosterCommand = PosterOrder | { readonly kind: 'first' | 'stop' };

/** Sent to the parent several times a second; `isDone` once, at the end. */
export interface PosterStatus {
  readonly accepted: number;
  readonly refusedForNow: number;
  /**
   * Requests that were not accepted, by what became of them: a status, `unreachable` where nobody listened,
   * `cut` where the connection ended or was silent for too long.
   */
  readonly refusals: Readonly<Record<string, number>>;
  /** 503 without Retry-After. */
  readonly unhelpful: number;
  /** The longest that an answered request waited for its refusal. */
  readonly slowestRefusalMs: number;
  readonly isDone: boolean;
}

/** A line of the poster's log: one accepted message. Times are epoch milliseconds. */
export interface Posted {
  readonly id: string;
  /** Named ones; none where it went to many. */
  readonly users: readonly string[];
  /** `all` or `topic:…`, where it went to many. */
  readonly log?: string;
  readonly postedAt: number;
  readonly answeredAt: number;
  readonly way: 'single' | 'list' | 'batch' | 'many';
}

interface Item {
  readonly to: string | string[];
  readonly event: string;
  /** A run's numbers are its own, where a log sees several runs. */
  readonly data: { readonly n: number; readonly run: string; readonly text: string };
}

interface Job {
  readonly way: Posted['way'];
  readonly items: readonly Item[];
  readonly key: string;
}

interface Answer {
  readonly status: number;
  readonly hasRetryAfter: boolean;
  readonly body: { id?: string; results?: { status: string; id?: string }[] };
}

type Unanswered = 'unreachable' | 'cut';

const inFlightMax = 32;
const retryMs = 250;
const giveUpMs = 120_000;

let accepted = 0;
let refusedForNow = 0;
let unhelpful = 0;
let slowestRefusalMs = 0;
let urlAt = 0;
/** How often it was told to begin with the first again: what had failed before that counts no more. */
let firstCalls = 0;
let isStopping = false;
const refusals: Record<string, number> = {};

process.on('message', (command: PosterCommand) => {
  if (!('kind' in command)) void run(command);
  else if (command.kind === 'first') goToFirst();
  else isStopping = true;
});
process.on('disconnect', () => process.exit(1));
// Ctrl-C is the parent's affair: what was promised is still to be judged.
process.on('SIGINT', () => {});

function goToFirst(): void {
  urlAt = 0;
  firstCalls++;
}

async function run(order: PosterOrder): Promise<void> {
  const log = new FleetLog(order.logFile);
  const report = setInterval(() => process.send?.(status(false)), 200);
  const startedAt = Date.now();
  const running = new Set<Promise<void>>();
  let begun = 0;
  for (const job of plan(order)) {
    const dueAt = startedAt + (begun / order.messagesPerSecond) * 1000;
    begun += job.items.length;
    await sleep(Math.max(0, dueAt - Date.now()));
    while (running.size >= inFlightMax) await Promise.race(running);
    if (isStopping) break;
    const work: Promise<void> = post(order, job, log).finally(() => running.delete(work));
    running.add(work);
  }
  await Promise.all(running);
  clearInterval(report);
  log.close();
  process.send?.(status(true), () => process.exit(0));
}

function status(isDone: boolean): PosterStatus {
  return { accepted, refusedForNow, refusals, unhelpful, slowestRefusalMs, isDone };
}

/** One job after the other in a seeded order; the same seed posts the same messages. */
function* plan(order: PosterOrder): Generator<Job> {
  const random = seededRandom(order.seed);
  const { keyPrefix = 'run', many = { logs: [], count: 0 } } = order;
  let n = 0;
  const item = (to: Item['to']): Item => ({
    to,
    event: 'rehearsal',
    data: { n: n++, run: keyPrefix, text: 'x'.repeat(random() * 200) },
  });
  const oneOf = (names: readonly string[]) => names[Math.floor(random() * names.length)] ?? '';
  const user = () => `user:${oneOf(order.users)}`;
  const makers: Record<Job['way'], () => Item[]> = {
    single: () => [item(user())],
    list: () => [item([...new Set(Array.from({ length: order.listUsers }, user))])],
    batch: () => Array.from({ length: order.batchItems }, () => item(user())),
    many: () => [item(oneOf(many.logs))],
  };
  const left = { single: order.singles, list: order.lists, batch: order.batches, many: many.count };
  const total = Object.values(left).reduce((sum, count) => sum + count, 0);
  for (let at = 0; at < total; at++) {
    const way = drawn(left, Math.floor(random() * (total - at)));
    left[way]--;
    yield { way, items: makers[way](), key: `${keyPrefix}-${order.seed}-${at}` };
  }
}

/** Which way the ticket of that number is for, of those that are left. */
function drawn(left: Readonly<Record<Job['way'], number>>, ticket: number): Job['way'] {
  let before = 0;
  for (const [way, count] of Object.entries(left) as [Job['way'], number][]) {
    before += count;
    if (ticket < before) return way;
  }
  throw new Error('there is no such ticket');
}

/** Until every item is accepted. What is not after a minute is a failure of the run. */
async function post(order: PosterOrder, job: Job, log: FleetLog): Promise<void> {
  const postedAt = Date.now();
  for (;;) {
    const [at, calls] = [urlAt, firstCalls];
    const startedAt = Date.now();
    const answer = await attempt(order, job);
    const ids = typeof answer === 'object' ? acceptedIds(job, answer) : undefined;
    if (ids) {
      const answeredAt = Date.now();
      job.items.forEach((item, at) => {
        log.write({ id: ids[at], ...addresseesOf(item), postedAt, answeredAt, way: job.way });
      });
      log.flush();
      accepted += job.items.length;
      return;
    }
    note(answer, Date.now() - startedAt);
    if (at === urlAt && calls === firstCalls) urlAt++;
    if (Date.now() - postedAt > giveUpMs) throw new Error(`not accepted within ${giveUpMs} ms: ${job.key}`);
    refusedForNow++;
    await sleep(retryMs);
  }
}

function addresseesOf({ to }: Item): Pick<Posted, 'users' | 'log'> {
  const named = [to].flat().filter((each) => each.startsWith('user:'));
  if (named.length > 0) return { users: named.map((each) => each.slice('user:'.length)) };
  return { users: [], log: [to].flat()[0] ?? '' };
}

/** @throws Error for an answer that no repetition can better */
function note(answer: Answer | Unanswered, tookMs: number): void {
  const what = typeof answer === 'object' ? String(answer.status) : answer;
  refusals[what] = (refusals[what] ?? 0) + 1;
  if (typeof answer !== 'object') return;
  slowestRefusalMs = Math.max(slowestRefusalMs, tookMs);
  if (answer.status === 503 && !answer.hasRetryAfter) unhelpful++;
  if (answer.status < 500 && answer.status !== 429 && answer.status !== 200) {
    throw new Error(`Collect answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}

/** The ids in order, or undefined when something was not accepted. */
function acceptedIds(job: Job, answer: Answer): string[] | undefined {
  if (answer.status === 202 && answer.body.id) return [answer.body.id];
  const ids = (answer.body.results ?? []).flatMap((one) =>
    one.status === 'accepted' && one.id ? [one.id] : [],
  );
  return ids.length === job.items.length ? ids : undefined;
}

/** One request. Without an answer the key makes a repetition harmless. */
async function attempt(order: PosterOrder, job: Job): Promise<Answer | Unanswered> {
  const isBatch = job.way === 'batch';
  const collectUrl = order.collectUrls[urlAt % order.collectUrls.length];
  try {
    const response = await fetch(`${collectUrl}/v1/messages${isBatch ? ':batch' : ''}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${process.env['CARILLON_KEY']}`,
        'content-type': 'application/json',
        'idempotency-key': job.key,
      },
      body: JSON.stringify(isBatch ? { messages: job.items } : job.items[0]),
      signal: AbortSignal.timeout(10_000),
    });
    const hasRetryAfter = response.headers.has('retry-after');
    return { status: response.status, hasRetryAfter, body: (await response.json()) as Answer['body'] };
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    return cause?.code === 'ECONNREFUSED' ? 'unreachable' : 'cut';
  }
}
