/** The order in which Auth starts and stops: nothing is answered before the keys are there. */
import { PortUnavailable } from '@carillon/domain/ports';
import { StartFault } from '@carillon/platform';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { BusAnswers } from './bus-answers.js';
import { firstStartTask } from './injection.js';
import { Policy } from './policy.js';

@Injectable()
export class AuthLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly policy: Policy,
    private readonly answers: BusAnswers,
    @Inject(firstStartTask) private readonly firstStart: () => Promise<void>,
  ) {}

  async onModuleInit(): Promise<void> {
    try {
      await this.firstStart();
      await this.policy.start();
    } catch (error) {
      throw error instanceof PortUnavailable ? storeFault(error) : error;
    }
    this.answers.start();
  }

  onApplicationShutdown(): void {
    this.answers.stop();
    this.policy.stop();
  }
}

function storeFault(cause: PortUnavailable): StartFault {
  return new StartFault(
    'The store does not take what Auth keeps in it: see that it has a writable primary.',
    { cause },
  );
}
