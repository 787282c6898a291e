// The first process of the private machine: namespaces of mounts, processes and network in which everything
// that runs is started. Whatever ends it, the kernel takes the rest with it. Tells its rows to the process
// that made it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readComposeFile } from './compose-file.ts';
import { runCompose } from './compose-stage.ts';
import { runEach } from './each-stage.ts';
import { startLoopback } from './network.ts';
import type { Plan } from './plan.ts';
import type { Row } from './report.ts';

const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
const plan = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Plan;
const compose = readComposeFile(readFileSync(join(import.meta.dirname, '../../docker-compose.yml'), 'utf8'));

const rows: Row[] = [];

try {
  startLoopback();
  if (plan.isEachStarted) {
    say('starting each image alone, on a real replica set, Redis and NATS');
    rows.push(...(await runEach(plan, compose, say)));
  }
  if (plan.isComposeRun) {
    say(
      `starting the ${compose.services.length} services of docker-compose.yml, each in a network namespace`,
    );
    rows.push(...(await runCompose(plan, compose, say)));
  }
  await end(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  await end(1);
}

/** Tells what was seen, also when that was not all. */
async function end(code: number): Promise<void> {
  await new Promise((resolve) => {
    process.send?.(rows, resolve);
  });
  process.exit(code);
}
