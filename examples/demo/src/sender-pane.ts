/** The form of a business system, and what became of each message. */
import type { Letter } from './api.js';
import { byId, clockTime, element, Rows } from './dom.js';
import { Outbox, type Posted, unsentMax } from './outbox.js';

const burstSize = 50;

export function mountSender(user: string): void {
  const form = byId<HTMLFormElement>('send');
  const rows = new Rows(byId('outbox'));
  const outbox = new Outbox((changed) => {
    for (const one of changed) rows.put(one.key, rowOf(one));
    rows.keep(new Set(outbox.posted.map(({ key }) => key)));
    renderState(outbox);
  });
  const send = (letters: readonly Letter[]) => {
    if (!outbox.send(letters)) warn(`${unsentMax} messages are waiting already: this one was not taken.`);
  };
  field(form, 'to').value = `user:${user}`;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send([letterOf(form)]);
  });
  byId('burst').addEventListener('click', () => {
    if (!form.reportValidity()) return;
    const letter = letterOf(form);
    const numbers = Array.from({ length: burstSize }, (_, at) => at + 1);
    send(numbers.map((n) => ({ ...letter, title: `${letter.title} (${n})` })));
  });
  outbox.resume();
}

function letterOf(form: HTMLFormElement): Letter {
  const value = (name: string) => field(form, name).value.trim();
  return { to: value('to'), event: value('event'), title: value('title'), body: value('body') };
}

function field(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

function renderState({ posted, unsent, away }: Outbox): void {
  byId('outbox-empty').hidden = posted.length > 0;
  byId('outbox').hidden = posted.length === 0;
  byId('outbox-tally').textContent = tallyOf(posted);
  const count = unsent.length === 1 ? 'One message is' : `${unsent.length} messages are`;
  const isKeeping = away !== undefined && unsent.length > 0;
  if (isKeeping) warn(`${count} kept in this tab and sent, in order, as soon as the server takes them.`);
  else byId('away').hidden = true;
}

function warn(text: string): void {
  byId('away').textContent = text;
  byId('away').hidden = false;
}

function tallyOf(posted: readonly Posted[]): string {
  const counts = new Map<string, number>();
  for (const { status } of posted) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(' · ');
}

function rowOf({ id, key, letter, at, status, summary }: Posted): HTMLElement {
  const row = element(
    'li',
    'posted',
    element('span', 'chip', status),
    element('h3', 'title', letter.title),
    clockTime(at),
    sentence(summary, id),
  );
  row.dataset['status'] = status;
  row.dataset['key'] = key;
  if (id !== undefined) row.dataset['id'] = id;
  return row;
}

/** The id stands out, because it is what one copies. */
function sentence(summary: string, id: string | undefined): HTMLElement {
  const at = id === undefined ? -1 : summary.indexOf(id);
  if (id === undefined || at < 0) return element('p', 'summary', summary);
  return element(
    'p',
    'summary',
    summary.slice(0, at),
    element('code', 'id', id),
    summary.slice(at + id.length),
  );
}
