/** The demo page: a business system on the left, a user's page on the right. `?user=` says whose page it is. */
import { byId } from './dom.js';
import { mountSender } from './sender-pane.js';
import { mountUser } from './user-pane.js';

const namePattern = '[A-Za-z0-9._:@\\-]{1,128}';
const asked = new URLSearchParams(location.search).get('user') ?? '42';
const user = new RegExp(`^${namePattern}$`).test(asked) ? asked : '42';

const who = byId<HTMLFormElement>('who');
const name = who.elements.namedItem('user') as HTMLInputElement;
name.value = user;
name.pattern = namePattern;
name.title = 'Letters, digits and . _ : @ -';
who.addEventListener('submit', (event) => {
  event.preventDefault();
  location.search = new URLSearchParams({ user: name.value }).toString();
});

mountSender(user);
mountUser(user);
