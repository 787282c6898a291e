/**
 * Letters that were sent, in order. One that the server could not take is kept, across a reload too,
 * and posted again with the same key: it is never lost and never doubled.
 */
import { type Letter, post } from './api.js';
import { DeliveryWatch } from './delivery-watch.js';
import { load, save } from './tab-storage.js';

/** A letter and where it stands. */
export interface Posted {
  readonly key: string;
  readonly letter: Letter;
  readonly at: number;
  id?: string;
  /** sending, kept, refused or accepted; once accepted, the status of the delivery. */
  status: string;
  summary: string;
}

/** More that wait for the server are not taken. */
export const unsentMax = 500;
const storageKey = 'demo.outbox';
/** Older ones that have an outcome are forgotten. */
const postedMax = 200;

export class Outbox {
  posted: Posted[];
  /** Why the last post was not taken, while that is so. */
  away: string | undefined;
  private readonly watch: DeliveryWatch;
  private isPosting = false;

  /** `onChange` gets what has changed; what is no longer in `posted` is gone. */
  constructor(private readonly onChange: (changed: readonly Posted[]) => void) {
    this.posted = load<Posted[]>(storageKey, []);
    this.watch = new DeliveryWatch((id, news) => {
      const one = this.posted.find((each) => each.id === id);
      if (one) this.change([one], { status: news.status, summary: news.summary });
    });
  }

  /** Goes on with what the tab had before it was reloaded. */
  resume(): void {
    for (const one of this.posted) this.follow(one);
    this.onChange(this.posted);
    void this.postAll();
  }

  get unsent(): readonly Posted[] {
    return this.posted.filter(isUnsent);
  }

  /** All of them or, when too many are waiting, none: false. */
  send(letters: readonly Letter[]): boolean {
    if (this.unsent.length + letters.length > unsentMax) return false;
    const added = letters.map((letter): Posted => {
      const key = `demo-${crypto.randomUUID()}`;
      return { key, letter, at: Date.now(), status: 'sending', summary: 'On its way to Collect.' };
    });
    this.posted.push(...added);
    this.forget();
    this.change(added, this.away === undefined ? {} : keptAs(this.away));
    void this.postAll();
    return true;
  }

  /** One after the other, so that they arrive in the order in which they were sent. */
  private async postAll(): Promise<void> {
    if (this.isPosting) return;
    this.isPosting = true;
    for (let next = this.unsent[0]; next; next = this.unsent[0]) {
      const outcome = await post(next.letter, next.key);
      this.away = outcome.kind === 'kept' ? outcome.why : undefined;
      if (outcome.kind === 'kept') {
        this.change(this.unsent, keptAs(outcome.why));
        await new Promise((resolve) => setTimeout(resolve, outcome.retryInMs));
      } else if (outcome.kind === 'accepted') {
        const summary = `Message ${outcome.id} is stored and on its way.`;
        this.change([next], { id: outcome.id, status: 'accepted', summary });
        this.follow(next);
      } else this.change([next], { status: 'refused', summary: outcome.why });
    }
    this.isPosting = false;
  }

  private follow({ id, letter, status }: Posted): void {
    if (id !== undefined) this.watch.add({ id, status, user: letter.to.replace(/^user:/, '') });
  }

  private forget(): void {
    let surplus = this.posted.length - postedMax;
    this.posted = this.posted.filter((one) => isUnsent(one) || surplus-- <= 0);
  }

  private change(changed: readonly Posted[], change: Partial<Posted>): void {
    for (const one of changed) Object.assign(one, change);
    save(storageKey, this.posted);
    this.onChange(changed);
  }
}

function isUnsent({ id, status }: Posted): boolean {
  return id === undefined && status !== 'refused';
}

function keptAs(why: string): Partial<Posted> {
  return { status: 'kept', summary: `Will be sent again. ${why}` };
}
