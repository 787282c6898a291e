/**
 * The names that travel on the wire: of people, things, logs and the subprotocol. Must never accept a name
 * that another part of the suite would have to escape.
 */

/** What every tenant, user, device, instance, topic, event and id must match. */
export const namePattern = /^[A-Za-z0-9._:@-]{1,128}$/;

/** The rule of `namePattern` as a sentence for error messages. */
export const nameRule = 'A name has 1 to 128 characters, each a letter, a digit or one of . _ : @ -';

/** The WebSocket subprotocol that client and server agree on; the only one the server echoes. */
export const subprotocol = 'carillon.v1';

/** What precedes the token where a browser offers it as a second subprotocol. */
export const bearerPrefix = 'bearer.';

/** What precedes the topic in the name of a topic's log. */
export const topicPrefix = 'topic:';

/** True for a string that matches `namePattern`; never throws. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value);
}

/** True for the name of a log as a session knows it: `user`, `all` or `topic:<name>`; never throws. */
export function isLogName(value: unknown): value is string {
  if (value === 'user' || value === 'all') return true;
  return (
    typeof value === 'string' && value.startsWith(topicPrefix) && isName(value.slice(topicPrefix.length))
  );
}

/**
 * What a token's list of topics is made of: a topic, the beginning of one followed by `*`, or `*` for all.
 */
export const topicPattern = /^(?=.{1,128}$)[A-Za-z0-9._:@-]*\*?$/;

/** True for a string that matches `topicPattern`; never throws. */
export function isTopicPattern(value: unknown): value is string {
  return typeof value === 'string' && topicPattern.test(value);
}
