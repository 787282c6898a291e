// What a scenario has started and must end: last first, all of it, whatever happens to one of them.

export class Resources {
  private readonly stops: (() => Promise<void>)[] = [];

  /** Ended with the scenario, unless the scenario ends it itself: a stop must bear being called twice. */
  add<T extends { stop(): Promise<void> }>(started: T): T {
    this.stops.push(() => started.stop());
    return started;
  }

  /** @throws the first error, after everything was tried */
  async stop(): Promise<void> {
    const errors: unknown[] = [];
    for (const stop of this.stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
