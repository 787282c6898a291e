/** The address of NATS as it stands in a configuration, in the shape that the driver wants. */
import type { ConnectionOptions } from 'nats';

/**
 * `nats://[user[:password]@]host[:port]` or `tls://…`, several separated by commas (one cluster, the first
 * one's user). A user without password is a token. @throws TypeError when it is no URL
 */
export function serverAddress(url: string): ConnectionOptions {
  const urls = url.split(',').map((each) => new URL(each.trim()));
  const { protocol, username, password } = urls[0] ?? {};
  return {
    servers: urls.map(({ host }) => host),
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    ...credentials(decodeURIComponent(username ?? ''), decodeURIComponent(password ?? '')),
  };
}

function credentials(user: string, pass: string): ConnectionOptions {
  if (!user) return {};
  return pass ? { user, pass } : { token: user };
}
