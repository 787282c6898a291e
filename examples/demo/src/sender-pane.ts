/** The left pane: the form of a business system, and what became of each message. */
import type { Letter } from './api.js';
import { byId, clockTime, element } from './dom.js';
import { Outbox, type Posted } from './outbox.js';

const burstSize = 50;

export function mountSender(user: string): void {
  const form = byId<HTMLFormElement>('send');
  const outbox = new Outbox(() => render(outbox));
  field(form, 'to').value = `user:${user}`;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    outbox.send(letterOf(form));
  });
  byId('burst').addEventListener('click', () => {
    if (!form.reportValidity()) return;
    const letter = letterOf(form);
    for (let n = 1; n <= burstSize; n++) outbox.send({ ...letter, title: `${letter.title} (${n})` });
  });
  render(outbox);
}

function letterOf(form: HTMLFormElement): Letter {
  const value = (name: string) => field(form, name).value.trim();
  return { to: value('to'), event: value('event'), title: value('title'), body: value('body') };
}

function field(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.elements.namedItem(name) as HTMLInputElement;
}

function render(outbox: Outbox | undefined): void {
  const posted = outbox?.posted ?? [];
  byId('outbox-empty').hidden = posted.length > 0;
  byId('outbox').replaceChildren(...posted.map(row).reverse());
}

function row(one: Posted): HTMLElement {
  const item = element('li', 'posted');
  item.dataset['status'] = one.status;
  const head = element('div', 'posted-head');
  head.append(
    element('span', 'chip', one.status),
    element('span', 'title', one.letter.title),
    clockTime(one.at),
  );
  item.append(head, element('p', 'summary', one.summary));
  if (one.id !== undefined) item.append(element('code', 'id', one.id));
  return item;
}
