/** The order in which Auth starts and stops: nothing is answered before the keys are there. */
import { StoreFacts } from '@carillon/domain/ports';
import { Health } from '@carillon/platform';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { BusAnswers } from './bus-answers.js';
import { firstStartTask } from './injection.js';
import { Policy } from './policy.js';

@Injectable()
export class AuthLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly health: Health,
    private readonly facts: StoreFacts,
    private readonly policy: Policy,
    private readonly answers: BusAnswers,
    @Inject(firstStartTask) private readonly firstStart: () => Promise<void>,
  ) {}

  async onModuleInit(): Promise<void> {
    this.health.addCheck('store', async () => {
      await this.facts.now();
    });
    await this.firstStart();
    await this.policy.start();
    this.answers.start();
  }

  onApplicationShutdown(): void {
    this.answers.stop();
    this.policy.stop();
  }
}
