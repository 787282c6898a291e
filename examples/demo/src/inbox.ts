/** What the user's page has shown, kept for this tab, so that a reload shows it again. One place per message. */

export interface Shown {
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly title: string;
  readonly body: string;
  readonly sentAt: number;
  readonly shownAt: number;
  readonly isReplay: boolean;
}

const shownMax = 500;

export class Inbox {
  private shown: Shown[];
  private readonly storageKey: string;

  constructor(user: string) {
    this.storageKey = `demo.inbox.${user}`;
    this.shown = JSON.parse(sessionStorage.getItem(this.storageKey) ?? '[]') as Shown[];
  }

  get all(): readonly Shown[] {
    return this.shown;
  }

  /** @returns false when it is there already. */
  add(message: Shown): boolean {
    if (this.shown.some((one) => one.id === message.id)) return false;
    this.shown.push(message);
    if (this.shown.length > shownMax) this.shown.shift();
    sessionStorage.setItem(this.storageKey, JSON.stringify(this.shown));
    return true;
  }
}
