// One tab with the demo page: what a person does there and what the page shows. Must judge by what is
// shown alone, and wait for conditions, never for time to pass.
import type { BrowserContext, Page } from 'playwright-core';

/** A message in the user's page. */
export interface Shown {
  readonly seq: number;
  readonly id: string;
  readonly title: string;
  readonly body: string;
  readonly way: string;
}

/** A row below "What became of it". */
export interface Row {
  readonly status: string;
  readonly title: string;
  readonly summary: string;
  readonly id: string | undefined;
}

/** For a condition; generous, because other suites share the machine. */
export const untilMs = 60_000;

export class DemoPage {
  /** What the console called an error, what was thrown, and what the content security policy stopped. */
  readonly faults: string[] = [];

  private constructor(readonly page: Page) {
    page.setDefaultTimeout(untilMs);
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(message.text());
    });
    page.on('pageerror', (error) => this.faults.push(error.message));
  }

  /** A new tab of the browser profile; resolves when it is connected. */
  static async open(profile: BrowserContext, address: string): Promise<DemoPage> {
    const demo = new DemoPage(await profile.newPage());
    await demo.page.exposeFunction('reportViolation', (what: string) => demo.faults.push(what));
    await demo.page.addInitScript(watchPage);
    await demo.goto(address);
    return demo;
  }

  async goto(address: string): Promise<void> {
    await this.page.goto(address);
    await this.untilState('open');
  }

  async write(fields: Partial<Record<'to' | 'event' | 'title' | 'body', string>>): Promise<void> {
    for (const [name, text] of Object.entries(fields)) await this.page.fill(`#send [name=${name}]`, text);
  }

  /** Fills in the title, and presses Send. */
  async send(title: string, body = 'a text'): Promise<void> {
    await this.write({ title, body });
    await this.page.click('#send [type=submit]');
  }

  /** Presses the button for fifty, whose titles are then `title (1)` to `title (50)`. */
  async sendFifty(title: string): Promise<void> {
    await this.write({ title });
    await this.page.click('#burst');
  }

  /** Oldest first. */
  async shown(): Promise<Shown[]> {
    const cards = await this.page.locator('#inbox > [data-seq]').evaluateAll((elements) =>
      elements.map((card) => ({
        seq: Number(card.getAttribute('data-seq')),
        id: card.getAttribute('data-id') ?? '',
        title: card.querySelector('.title')?.textContent ?? '',
        body: card.querySelector('.body')?.textContent ?? '',
        way: card.querySelector('.way')?.textContent ?? '',
      })),
    );
    return cards.reverse();
  }

  /** Oldest first. */
  async rows(): Promise<Row[]> {
    const rows = await this.page.locator('#outbox > [data-status]').evaluateAll((elements) =>
      elements.map((row) => ({
        status: row.getAttribute('data-status') ?? '',
        title: row.querySelector('.title')?.textContent ?? '',
        summary: row.querySelector('.summary')?.textContent ?? '',
        id: row.getAttribute('data-id') ?? undefined,
      })),
    );
    return rows.reverse();
  }

  /** What the page itself says of what it was given. */
  async tally(): Promise<string> {
    return (await this.page.textContent('#inbox-tally')) ?? '';
  }

  /** Every state of the connection that this document has shown, in order. */
  states(): Promise<string[]> {
    return this.page.evaluate(() => window.statesSeen);
  }

  async untilState(state: string): Promise<void> {
    await this.page.locator(`#state[data-state=${state}]`).waitFor();
  }

  /** At least so many messages are shown; whether more are is for the spec to look at. */
  async untilShown(count: number): Promise<void> {
    await this.untilCount('#inbox > [data-seq]', count);
  }

  async untilRows(status: string, count: number): Promise<void> {
    await this.untilCount(`#outbox > [data-status=${status}]`, count);
  }

  /** Reloads from inside, in the very turn in which so many are shown. Gives the count of rows that had
   *  no id yet. */
  async reloadWhenShown(count: number): Promise<number> {
    const loaded = this.page.waitForEvent('load');
    await this.page.evaluate((least) => {
      const look = () => {
        if (document.querySelectorAll('#inbox > [data-seq]').length < least) return;
        observer.disconnect();
        sessionStorage.setItem(
          'spec.unsent',
          String(document.querySelectorAll('#outbox > :not([data-id])').length),
        );
        location.reload();
      };
      const observer = new MutationObserver(look);
      observer.observe(document.querySelector('#inbox') as Element, { childList: true });
      look();
    }, count);
    await loaded;
    return Number(await this.page.evaluate(() => sessionStorage.getItem('spec.unsent')));
  }

  private async untilCount(selector: string, count: number): Promise<void> {
    await this.page.waitForFunction(([what, least]) => document.querySelectorAll(what).length >= least, [
      selector,
      count,
    ] as const);
  }
}

declare global {
  interface Window {
    statesSeen: string[];
    reportViolation(what: string): void;
  }
}

/** Runs in the page before its own scripts. */
function watchPage(): void {
  window.statesSeen = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    window.reportViolation(`${violatedDirective} stopped ${blockedURI}`),
  );
  document.addEventListener('DOMContentLoaded', () => {
    const pill = document.querySelector('#state');
    if (!pill) return;
    const note = () => window.statesSeen.push(pill.getAttribute('data-state') ?? '');
    new MutationObserver(note).observe(pill, { attributeFilter: ['data-state'] });
  });
}
