/**
 * Starts and ends Collect with its process. At the end the last doorbells still leave, as long as somebody
 * takes them.
 */
import { Clock, sleep } from '@carillon/domain/ports';
import { Health } from '@carillon/platform';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CollectOptions } from './collect-options.js';
import { CollectPorts } from './collect-ports.js';
import { Dispatches } from './dispatches.js';
import { Doorbells } from './doorbells.js';

/** How often the end looks whether the last doorbells have left. */
const idleCheckMs = 20;

@Injectable()
export class CollectLife implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly doorbells: Doorbells,
    private readonly dispatches: Dispatches,
    private readonly health: Health,
    private readonly clock: Clock,
    private readonly options: CollectOptions,
    private readonly ports: CollectPorts,
  ) {}

  onApplicationBootstrap(): void {
    this.doorbells.start();
    this.health.addCheck('store', async () => {
      await this.ports.facts.now();
    });
    // Without a bus messages still get 202, so only the first contact is waited for: before it no key can be
    // checked.
    let hasAnswered = false;
    this.health.addCheck('bus', async () => {
      if (!hasAnswered) await this.ports.bus.ping();
      hasAnswered = true;
    });
  }

  /** After the last request has been answered. */
  async onApplicationShutdown(): Promise<void> {
    const until = this.clock.monotonic() + this.options.dispatchTimeoutMs;
    while (!this.doorbells.isIdle && this.clock.monotonic() < until) await sleep(this.clock, idleCheckMs);
    this.dispatches.close();
  }
}
