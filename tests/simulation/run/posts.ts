/**
 * Producers: post to any Collect, repeat with the same key where no 202 came, and note what they were told.
 */
import type { LogKey } from '@carillon/domain';
import type { Random } from '@carillon/domain/ports';
import type { Problem } from '@carillon/platform';
import type { Process } from '../world/process.js';
import { type CollectBoot, tenant } from '../world/services.js';
import type { World } from '../world/world.js';
import type { Watch } from './watch.js';

/** One message as its producer knows it. `n` numbers it. */
export interface Post {
  readonly n: number;
  /** As in a request: `user:…`, `topic:…`, `all`. */
  readonly to: readonly string[];
  readonly logs: readonly LogKey[];
  readonly key: string | undefined;
  /** 0: volatile. */
  readonly ttlS: number | undefined;
  readonly delayS: number | undefined;
  readonly collapseKey: string | undefined;
  /** Messages of one batch have its number, in order. */
  readonly request: number;
  readonly isCalm: boolean;
  postedAt: number;
  acceptedAt: number | undefined;
  /** Which attempt got the 202. */
  acceptedIn: number | undefined;
  id: string | undefined;
  /** It was promised before a backup was restored that does not have it. */
  isLost: boolean;
  readonly attempts: Try[];
}

/** One attempt, as far as its Collect is concerned. */
export interface Try {
  readonly process: Process;
  readonly beganAt: number;
  /** It has answered, or died. */
  endedAt: number | undefined;
}

interface Attempt {
  readonly posts: readonly Post[];
  readonly attempt: number;
  readonly answer: (take: () => void) => void;
}

const credential = {
  verdict: 'accepted',
  tenant,
  principal: 'shop',
  keyId: 'k1',
  scopes: ['admin'],
  cacheUntil: Number.MAX_SAFE_INTEGER,
} as const;

const attemptsMax = 8;
const answerMs = 9_000;
const pauseMs = 700;
/** Refusals that are meant: away, too much, too many that wait for one user. */
const meant: ReadonlySet<string> = new Set([
  'silence',
  'store_unavailable',
  'overloaded',
  'too_many_unacked',
]);

export class Producers {
  /** Of whom each request may choose. */
  collects: CollectBoot[] = [];
  /** Told of every 202. */
  onAccepted: (post: Post) => void = () => {};
  onTaken: (post: Post) => void = () => {};
  readonly #world: World;
  readonly #watch: Watch;
  readonly #random: Random;

  constructor(world: World, watch: Watch) {
    this.#world = world;
    this.#watch = watch;
    this.#random = world.chance('producers');
  }

  /** Posts one message, or several as a batch. */
  post(posts: readonly Post[]): void {
    for (const post of posts) {
      post.postedAt = this.#world.time;
      this.#watch.truth.posts.set(post.n, post);
    }
    this.#attempt(posts, 1);
  }

  #attempt(posts: readonly Post[], attempt: number): void {
    const collect = this.collects[Math.floor(this.#random.next() * this.collects.length)];
    const first = posts[0] as Post;
    let isAnswered = false;
    const answer = (take: () => void) => {
      this.#world.after(0.5 + this.#random.next(), () => {
        if (isAnswered) return;
        isAnswered = true;
        timer.cancel();
        take();
        this.#maybeAgain(posts, attempt);
      });
    };
    const timer = this.#world.after(answerMs, () => answer(() => this.#note(first, 'silence')));
    const facts = posts.map(({ n, to }) => `${n}→${to.join('+')}`).join(',');
    this.#world.history.note('post', collect?.process.name, facts, first.key, `attempt ${attempt}`);
    this.#world.after(0.5 + this.#random.next(), () =>
      collect?.process.enter(() => void this.#send(collect, { posts, attempt, answer })),
    );
  }

  async #send(collect: CollectBoot, { posts, attempt, answer }: Attempt): Promise<void> {
    const first = posts[0] as Post;
    const { process } = collect;
    const one: Try = { process, beganAt: this.#world.time, endedAt: undefined };
    for (const post of posts) post.attempts.push(one);
    const end = () => {
      one.endedAt ??= this.#world.time;
    };
    process.onDeath.push(end);
    const reply = (take: () => void) => {
      end();
      collect.deadlines.end(deadline);
      process.leave(() => answer(take));
    };
    const deadline = collect.deadlines.begin();
    const incoming = { credential, key: first.key, deadline };
    try {
      if (posts.length === 1) {
        const body = bodyOf(first);
        const { reply: taken } = await collect.intake.takeOne({ ...incoming, body });
        reply(() => this.#accept(first, taken.id, attempt));
        return;
      }
      const messages = posts.map(bodyOf);
      const { results } = await collect.intake.takeBatch({ ...incoming, body: { messages } });
      reply(() => {
        for (const [at, result] of results.entries()) {
          if (result.status === 'refused') this.#note(posts[at] as Post, result.error.code);
          else this.#accept(posts[at] as Post, result.id, attempt);
        }
      });
    } catch (error) {
      reply(() => this.#note(first, (error as Problem).code ?? String(error)));
    }
  }

  #accept(post: Post, id: string, attempt: number): void {
    this.#world.history.note('202', post.n, id);
    if (post.id !== undefined && post.id !== id)
      this.#watch.violate('I10', `${post.n} is ${post.id} and ${id}`);
    if (post.acceptedAt !== undefined) return;
    post.id = id;
    post.acceptedIn = attempt;
    post.acceptedAt = this.#world.time;
    const answered = post.attempts.findLast(({ endedAt }) => endedAt !== undefined);
    this.#watch.truth.onAccepted(post, answered?.endedAt ?? 0);
    this.onAccepted(post);
    this.onTaken(post);
  }

  #note(post: Post, code: string): void {
    this.#world.history.note('refused', post.n, code);
    if (!meant.has(code)) this.#watch.violate('I10', `${post.n} is refused with ${code}`);
    if (post.isCalm) this.#watch.violate('L2', `${post.n} is refused with ${code} while all is well`);
  }

  #maybeAgain(posts: readonly Post[], attempt: number): void {
    const [first] = posts;
    const isDone = posts.every(({ acceptedAt }) => acceptedAt !== undefined);
    if (isDone || first?.key === undefined || attempt >= attemptsMax) return;
    this.#world.after(this.#random.next() * pauseMs, () => this.#attempt(posts, attempt + 1));
  }
}

function bodyOf({ n, to, ttlS, delayS, collapseKey }: Post) {
  return {
    to: to.length === 1 ? to[0] : to,
    event: 'order.paid',
    data: { n },
    ...(ttlS === undefined ? {} : { ttl: ttlS }),
    ...(delayS === undefined ? {} : { delay: delayS }),
    ...(collapseKey === undefined ? {} : { collapseKey }),
  };
}
