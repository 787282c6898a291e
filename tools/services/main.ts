// `npm run services`: starts MongoDB, Redis and NATS for a developer, prints their addresses as lines for a
// shell, and ends them on Ctrl-C.
import { type Services, startServices } from './services.ts';

const keepAliveMs = 3_600_000;

let services: Services | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Before they are up nobody depends on them: leaving ends them too.
    if (!services) process.exit(1);
    void services.stop().then(() => process.exit(0));
  });
}

try {
  services = await startServices();
  console.log(`export MONGO_URL='${services.mongoUrl}'`);
  console.log(`export REDIS_URL='${services.redisUrl}'`);
  console.log(`export NATS_URL='${services.natsUrl}'`);
  console.error('Running until Ctrl-C.');
  setInterval(() => {}, keepAliveMs);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
