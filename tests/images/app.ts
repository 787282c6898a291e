// The apps of which there are images, and the drivers that each loads. A spec holds it against what services
// use.

export const appNames = ['auth', 'collect', 'dispatch', 'push', 'standalone'] as const;
export type AppName = (typeof appNames)[number];

/** Standalone needs none, and may be told to use any. */
export const usedDrivers: Readonly<Record<AppName, readonly string[]>> = {
  auth: ['mongoose', 'nats'],
  collect: ['mongoose', 'nats'],
  dispatch: ['ioredis', 'nats'],
  push: ['ioredis', 'mongoose', 'nats'],
  standalone: ['ioredis', 'mongoose', 'nats'],
};

export function imageName(app: AppName, version: string): string {
  return `carillon-${app}:${version}`;
}
