// Waiting for something that a test has set off. Must never wait for ever.
const pollMs = 2;
const untilMaxMs = 20_000;

/** Resolves as soon as the condition holds. @throws after 20 s */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + untilMaxMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited 20 s in vain: ${what}`);
    await pause(pollMs);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
