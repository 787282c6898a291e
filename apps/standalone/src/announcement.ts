/** What a person reads when everything runs: where, and what to type. Must never print a key itself. */
import type { RunningService } from '@carillon/wiring';

/** To standard output. */
export function announce(running: RunningService): void {
  process.stdout.write(announcement(running));
}

/** The text; its commands can be pasted as they are. */
export function announcement({ url, internalUrl, context }: RunningService): string {
  const { auth, store } = context.config;
  const isFromFile = auth.adminKey === undefined && auth.adminKeyFile !== undefined;
  const key = isFromFile ? `$(cat ${quoted(auth.adminKeyFile ?? '')})` : '$AUTH_ADMIN_KEY';
  const where = isFromFile ? `in ${auth.adminKeyFile}` : 'the one in AUTH_ADMIN_KEY';
  const kept =
    store.kind === 'sqlite' ? `Messages are kept in ${store.path}.` : `Messages are kept in: ${store.kind}.`;
  return `
Carillon is ready.

  Page      ${url}/
  API       ${url}/v1/messages
  Health    ${internalUrl}/readyz and /metrics
  Admin key ${where}; it may do everything, keep it secret

Open the page, then paste this into a second terminal, in this folder:

  curl -i ${url}/v1/messages -H "Authorization: Bearer ${key}" \\
    -H 'Content-Type: application/json' \\
    -d '{"to":"user:42","event":"hello","notification":{"title":"Hello","body":"It works"}}'

A page of your own needs a token of its user:

  curl -s ${url}/v1/tokens -H "Authorization: Bearer ${key}" \\
    -H 'Content-Type: application/json' -d '{"user":"42"}'

${kept} Ctrl-C stops everything.
`;
}

/** For a shell: a path with anything unusual in it stands in quotes. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
