// Vitest's global set-up: MongoDB, Redis and NATS are up before the first spec and gone after the last, and
// their addresses are there by `inject`.
// A server that cannot be had fails the run; nothing is skipped for want of one.
import type { TestProject } from 'vitest/node';
import { startServices } from '../../tools/services/services.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startServices();
  project.provide('mongoUrl', services.mongoUrl);
  project.provide('redisUrl', services.redisUrl);
  project.provide('natsUrl', services.natsUrl);
  return () => services.stop();
}
