// Several servers, all or none. Must leave none of them running when one cannot be had.

interface Stoppable {
  stop(): Promise<void>;
}

/** All of them, in order, as soon as each is ready. @throws a sentence per server that cannot be had */
export async function together<Servers extends readonly Stoppable[]>(
  starting: {
    readonly [At in keyof Servers]: Promise<Servers[At]>;
  },
): Promise<Servers> {
  const settled = await Promise.allSettled<Stoppable>(starting);
  const reasons = settled.flatMap((one) => (one.status === 'rejected' ? [sentenceOf(one.reason)] : []));
  const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (reasons.length === 0) return started as readonly Stoppable[] as Servers;
  await Promise.all(started.map((server) => server.stop()));
  throw new Error(reasons.join('\n'));
}

function sentenceOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
