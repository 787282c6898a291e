/** The right pane: a user's page, as anybody would write it with the client. */
import { Carillon, localCursors, type Message } from '@carillon/client';
import { userToken } from './api.js';
import { byId, clockTime, element } from './dom.js';
import { Inbox, type Shown } from './inbox.js';

export function mountUser(user: string): void {
  const inbox = new Inbox(user);
  byId('user-name').textContent = user;
  render(inbox);
  const carillon = new Carillon(location.origin, {
    token: ({ signal }) => userToken(user, signal),
    cursors: localCursors({ scope: `carillon.${user}` }),
    app: 'carillon-demo',
  });
  carillon.on('state', ({ state, retryInMs }) => {
    const pill = byId('state');
    pill.dataset['state'] = state;
    pill.textContent =
      retryInMs === undefined ? state : `${state}, again in ${Math.ceil(retryInMs / 1000)} s`;
  });
  carillon.on('gap', () => {
    byId('gap').hidden = false;
  });
  carillon.on('message', (message) => {
    if (inbox.add(shown(message))) render(inbox);
  });
}

function shown(message: Message): Shown {
  const { seq, id, event, notification, sentAt, replay, data } = message;
  return {
    seq,
    id,
    event,
    title: notification?.title ?? event,
    body: notification?.body ?? (data === undefined ? '' : JSON.stringify(data)),
    sentAt,
    shownAt: Date.now(),
    isReplay: replay === true,
  };
}

function render(inbox: Inbox): void {
  byId('inbox-empty').hidden = inbox.all.length > 0;
  byId('inbox').replaceChildren(...inbox.all.map(card).reverse());
}

function card(message: Shown): HTMLElement {
  const item = element('li', 'message');
  item.dataset['seq'] = String(message.seq);
  item.dataset['id'] = message.id;
  const head = element('div', 'message-head');
  head.append(
    element('span', 'seq', `#${message.seq}`),
    element('span', 'event', message.event),
    clockTime(message.shownAt),
  );
  const way = message.isReplay
    ? 'caught up after a reconnect'
    : `live, ${message.shownAt - message.sentAt} ms after it was accepted`;
  item.append(
    head,
    element('h3', 'title', message.title),
    element('p', 'body', message.body),
    element('p', 'way', way),
  );
  return item;
}
