/**
 * A whole process: reads the environment, starts the services,
 * obeys signals, and ends with a code that tells the truth.
 */
import { processEnvironment } from '@carillon/platform';
import { explain } from './explain.js';
import { type RunningService, type ServiceOptions, startService } from './start-service.js';

export interface RunOptions extends ServiceOptions {
  /** Called once the services listen, to tell people where. */
  readonly announce?: (running: RunningService) => void | Promise<void>;
}

/**
 * Resolves when the services listen. The process ends with 0 after SIGTERM or SIGINT has drained it; with 1
 * when it could not start, drained for longer than `shutdownMs`, or an error went uncaught; a second signal
 * ends it at once.
 */
export async function runService(options: RunOptions): Promise<void> {
  const life: Life = { running: undefined, isStopping: false };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(life));
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(event, (error: unknown) => crash(life, error));
  }
  try {
    life.running = await startService({ ...options, env: processEnvironment() });
    await options.announce?.(life.running);
  } catch (error) {
    explain(error);
    process.exit(1);
  }
}

interface Life {
  running: RunningService | undefined;
  isStopping: boolean;
}

async function end(life: Life): Promise<void> {
  if (life.isStopping) process.exit(1);
  life.isStopping = true;
  // Nothing was taken yet, so there is nothing to hand over.
  if (life.running === undefined) process.exit(0);
  const { config, log } = life.running.context;
  setTimeout(() => {
    log.error({ shutdownMs: config.shutdownMs }, 'shutdown took too long');
    process.exit(1);
  }, config.shutdownMs).unref();
  await life.running.stop();
  process.exit(0);
}

function crash(life: Life, error: unknown): void {
  if (life.running === undefined) explain(error);
  else life.running.context.log.fatal({ err: error }, 'uncaught error');
  process.exit(1);
}
