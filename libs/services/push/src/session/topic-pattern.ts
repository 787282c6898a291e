/** Which topics a token allows: by name, by the beginning of a name, or all. */

/** `patterns` as in wire's `topicPattern`: a topic, the beginning of one followed by `*`, or `*`. */
export function isAllowed(topic: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern,
  );
}
