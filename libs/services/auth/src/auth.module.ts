/**
 * Auth as a Nest module: tenants, keys, tokens. Puts the ports of the process under their abstract classes.
 */
import { Bus, Clock, KeyRing } from '@carillon/domain/ports';
import { Metrics, type ServiceContext } from '@carillon/platform';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { Admission } from './admission.js';
import { ApiKeys } from './api-keys.js';
import { AuthCounts } from './auth-counts.js';
import { AuthLifecycle } from './auth-lifecycle.js';
import { BusAnswers } from './bus-answers.js';
import { firstStart } from './first-start.js';
import { authConfig, authLog, firstStartTask } from './injection.js';
import { JwksController } from './jwks.controller.js';
import { Policy } from './policy.js';
import { TokensController } from './tokens.controller.js';
import { UserTokens } from './user-tokens.js';

export interface AuthOptions {
  /**
   * Gets the admin key that the very first start has made, when no file is configured for it.
   * Standard output by default.
   */
  readonly printAdminKey?: (key: string) => void;
}

@Module({})
export class AuthModule {
  /**
   * The module is ready when its `onModuleInit` is: the first start is done and the bus is answered.
   * That init rejects with StartFault, whose sentence says what to do.
   */
  static with(context: ServiceContext, options: AuthOptions = {}): DynamicModule {
    return {
      module: AuthModule,
      controllers: [TokensController, JwksController],
      providers: [
        ...portsOf(context),
        { provide: firstStartTask, useValue: () => firstStart(startOf(context, options)) },
        Admission,
        ApiKeys,
        AuthCounts,
        AuthLifecycle,
        BusAnswers,
        Policy,
        UserTokens,
      ],
    };
  }
}

function portsOf({ store, bus, clock, metrics, config, log }: ServiceContext): Provider[] {
  return [
    { provide: KeyRing, useValue: store.keyRing },
    { provide: Bus, useValue: bus },
    { provide: Clock, useValue: clock },
    { provide: Metrics, useValue: metrics },
    { provide: authConfig, useValue: config.auth },
    { provide: authLog, useValue: log },
  ];
}

function startOf({ store, clock, random, config }: ServiceContext, options: AuthOptions) {
  const { printAdminKey: print = printOnce } = options;
  return { keyRing: store.keyRing, clock, random, config, print };
}

function printOnce(key: string): void {
  process.stdout.write(`Admin key, shown once, keep it: ${key}\n`);
}
