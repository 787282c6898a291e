/** The demo page: a business system and a user's page side by side. `?user=` says whose page it is. */
import { namePattern } from '@carillon/wire';
import { byId } from './dom.js';
import { mountSender } from './sender-pane.js';
import { mountUser } from './user-pane.js';

const asked = new URLSearchParams(location.search).get('user') ?? '42';
const user = namePattern.test(asked) ? asked : '42';

const who = byId<HTMLFormElement>('who');
const name = who.elements.namedItem('user') as HTMLInputElement;
name.value = user;
// What wire says, as the attribute spells it: its regular expressions know no lone hyphen.
name.pattern = '[A-Za-z0-9._:@\\-]+';
name.title = 'Letters, digits and . _ : @ -';
who.addEventListener('submit', (event) => {
  event.preventDefault();
  location.search = searchFor(name.value);
});
byId<HTMLAnchorElement>('second-tab').href = `?${searchFor(user)}`;
byId<HTMLAnchorElement>('other-user').href = `?${searchFor(user === '43' ? '42' : '43')}`;

mountSender(user);
mountUser(user);

function searchFor(of: string): string {
  return new URLSearchParams({ user: of }).toString();
}
