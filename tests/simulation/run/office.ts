/**
 * The business system beside its producers: keeps memberships, recalls, erases, sees to housekeeping, each
 * through any Collect. Notes what it was told; knows no more than that.
 */
import { type Entry, messageIdOf, userKey } from '@carillon/domain';
import { PortError, type Random } from '@carillon/domain/ports';
import { Problem } from '@carillon/platform';
import { type CollectBoot, tenant } from '../world/services.js';
import type { World } from '../world/world.js';
import type { Post } from './posts.js';
import { healMs } from './span.js';
import type { Watch } from './watch.js';

type Errand<T> = (collect: CollectBoot) => Promise<T>;

const recallMaxMs = 2_500;

export class Office {
  collects: CollectBoot[] = [];
  /** How often a message that was stored is recalled. */
  recalls = 0;
  readonly #world: World;
  readonly #watch: Watch;
  readonly #random: Random;

  constructor(world: World, watch: Watch) {
    this.#world = world;
    this.#watch = watch;
    this.#random = world.chance('office');
  }

  /** A message has come into a log; lists half stored and fresh retries are recalled too. */
  onPlaced({ id }: Entry, { logs }: Post): void {
    if (id.includes('@')) return;
    const isChosen = this.#random.next() < this.recalls * (logs.length > 1 ? 3 : 1);
    if (isChosen && this.#world.time < healMs) this.recallLater(messageIdOf(id), recallMaxMs);
  }

  recallLater(id: string, withinMs: number): void {
    this.#world.after(this.#random.next() * withinMs, () => this.recall(id));
  }

  recall(id: string): void {
    const { truth } = this.#watch;
    const there = [...truth.current.entries.values()].flatMap((rows) =>
      [...rows.values()].filter((row) => messageIdOf(row.id) === id),
    );
    const askedAt = this.#world.time;
    const state = truth.recalls.get(id) ?? { askedAt, confirmedAt: undefined, isCancelled: false };
    truth.recalls.set(id, state);
    const { epoch } = truth.current;
    this.#send(
      `recall ${id}`,
      (collect) => collect.recall.recall({ tenant, id }),
      ({ recalled, cancelled }) => {
        if (truth.current.epoch !== epoch) return;
        state.confirmedAt ??= this.#world.time;
        state.isCancelled ||= cancelled;
        for (const { log, seq } of recalled ? there : [])
          if (
            truth.current.markOf(log, seq)?.mark !== 'recalled' &&
            (truth.current.purged.get(log) ?? 0) < seq
          )
            this.#watch.violate('recall', `${log} ${seq} (${id}) is not recalled, although that was said`);
      },
    );
  }

  member(user: string, topic: string, isMember: boolean): void {
    const change = isMember ? { add: [user] } : { remove: [user] };
    this.#send(`members ${topic} ${JSON.stringify(change)}`, ({ topics }) =>
      topics.change(tenant, topic, change),
    );
  }

  erase(user: string): void {
    const key = userKey(tenant, user);
    this.#watch.truth.erased.add(key);
    this.#send(`erase ${user}`, ({ erasure }) => erasure.erase(key));
  }

  /** Empties and purges, by the real round. */
  keep(): void {
    this.#send('keep', ({ purge }) => purge.round());
  }

  #send<T>(what: string, errand: Errand<T>, take: (answer: T) => void = () => {}): void {
    const collect = this.collects[Math.floor(this.#random.next() * this.collects.length)];
    this.#world.history.note('office', collect?.process.name, what);
    if (!collect?.isUp) return;
    const { process } = collect;
    process.enter(() => {
      errand(collect).then(
        (answer) => process.leave(() => this.#taken(what, () => take(answer))),
        (error: unknown) => process.leave(() => this.#failed(what, error)),
      );
    });
  }

  #taken(what: string, take: () => void): void {
    this.#world.history.note('office done', what);
    take();
  }

  /** Away, late, or unknown: none of it is wrong. Anything else is a fault. */
  #failed(what: string, error: unknown): void {
    const isMeant = error instanceof PortError || error instanceof Problem;
    this.#world.history.note('office failed', what, isMeant ? (error as Error).name : String(error));
    if (!isMeant) this.#watch.violate('fault', `${what}: ${(error as Error)?.stack ?? String(error)}`);
  }
}
