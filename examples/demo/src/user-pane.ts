/** A user's page, as anybody would write it with the client. */
import { Carillon, type ConnectionState, localCursors, type Message } from '@carillon/client';
import { userToken } from './api.js';
import { byId, clockTime, element, Rows } from './dom.js';
import { Inbox, type Shown, shownMax } from './inbox.js';

const words = {
  idle: 'starting',
  connecting: 'connecting',
  open: 'connected',
  waiting: 'waiting',
  closed: 'closed',
} as const;
const countdownMs = 250;

export function mountUser(user: string): void {
  const inbox = new Inbox(user);
  const rows = new Rows(byId('inbox'));
  let shownCount = 0;
  const show = (message: Shown, className: string) => {
    shownCount += 1;
    rows.put(String(shownCount), cardOf(message, className));
    rows.trim(shownMax);
  };
  byId('user-name').textContent = user;
  for (const message of inbox.all) show(message, 'message');
  renderTally(inbox);

  const carillon = new Carillon(location.origin, {
    token: ({ signal }) => userToken(user, signal),
    // Of this user alone: a browser may be used by several.
    cursors: localCursors({ scope: `demo[${user}]` }),
    app: 'carillon-demo',
  });
  carillon.on('state', stateShower());
  byId('try-now').addEventListener('click', () => carillon.connect());
  carillon.on('gap', () => {
    byId('gap').hidden = false;
  });
  carillon.on('message', (message) => {
    const shown = shownOf(message);
    inbox.add(shown);
    show(shown, 'message new');
    renderTally(inbox);
  });
}

/** Shows each state, and counts down to the next attempt. */
function stateShower(): (state: ConnectionState) => void {
  let countdown: ReturnType<typeof setInterval> | undefined;
  return ({ state, reason, retryInMs }) => {
    clearInterval(countdown);
    byId('state').dataset['state'] = state;
    byId('state').title = reason ?? '';
    byId('state-word').textContent = words[state];
    byId('retry').textContent = '';
    byId('try-now').hidden = state !== 'waiting' && state !== 'closed';
    if (retryInMs === undefined) return;
    const until = performance.now() + retryInMs;
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((until - performance.now()) / 1_000));
      byId('retry').textContent = `, again in ${seconds} s`;
    };
    tick();
    countdown = setInterval(tick, countdownMs);
  };
}

function shownOf(message: Message): Shown {
  const { log, seq, id, event, notification, sentAt, replay, data } = message;
  return {
    log,
    ...(seq === undefined ? {} : { seq }),
    id,
    event,
    title: notification?.title ?? event,
    body: notification?.body ?? (data === undefined ? '' : JSON.stringify(data)),
    sentAt,
    shownAt: Date.now(),
    isReplay: replay === true,
  };
}

function renderTally(inbox: Inbox): void {
  const { received, outOfOrder, twice, first, last } = inbox.tally;
  const isRight = outOfOrder === 0 && twice === 0;
  const tally = byId('inbox-tally');
  byId('inbox-empty').hidden = received > 0;
  byId('inbox').hidden = received === 0;
  tally.hidden = received === 0;
  tally.dataset['isRight'] = String(isRight);
  tally.textContent = [
    `${received} received`,
    first === last ? `#${first}` : `#${first} to #${last}`,
    outOfOrder === 0 ? 'in order' : `${outOfOrder} out of order`,
    twice === 0 ? 'none twice' : `${twice} twice`,
  ].join(' · ');
}

function cardOf(message: Shown, className: string): HTMLElement {
  const { log, seq, id, event, title, body, sentAt, shownAt, isReplay } = message;
  const way = isReplay ? 'caught up' : `live, ${Math.max(0, shownAt - sentAt)} ms`;
  const card = element(
    'li',
    className,
    element('h3', 'title', title),
    clockTime(shownAt),
    element('p', 'body', body),
    element(
      'p',
      'facts',
      element('span', 'seq', seq === undefined ? 'now' : `#${seq}`),
      element('code', 'event', event),
      element('span', isReplay ? 'way replay' : 'way', way),
    ),
  );
  card.dataset['log'] = log;
  card.dataset['seq'] = String(seq);
  card.dataset['id'] = id;
  return card;
}
