/** Dispatch as a process has it: it announces itself, takes batches, and leaves in order. */
import {
  type DispatchAnnouncement,
  type DispatchAnswer,
  encodeDoorbell,
  fromJsonBytes,
  joinDoorbells,
  subjects,
} from '@carillon/domain';
import { NoResponder } from '@carillon/domain/ports';
import { createLogger, Health, Metrics, readConfig } from '@carillon/platform';
import { FakeClock, FaultyBus, inbox, memoryPorts } from '@carillon/testkit';
import { Test, type TestingModule } from '@nestjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { DispatchModule } from './dispatch.module.js';

const services = ['auth', 'collect', 'dispatch', 'push'] as const;
const bell = encodeDoorbell({
  kind: 'entry',
  log: inbox('a'),
  seq: 1,
  acceptedAt: 0,
  expiresAt: 1,
  frame: '{}',
});

let clock: FakeClock;
let app: TestingModule;
let ports: Awaited<ReturnType<typeof memoryPorts>>;
let heard: string[];
let bus: FaultyBus;

beforeEach(async () => {
  ports = await memoryPorts();
  clock = ports.clock;
  heard = [];
  ports.bus.subscribe(subjects.dispatchAnnouncements, ({ data }) => {
    heard.push(fromJsonBytes<DispatchAnnouncement>(data).id);
  });
  bus = new FaultyBus(ports.bus, ports);
  const context = {
    ...ports,
    bus,
    config: readConfig(services, { STORE_KIND: 'memory' }),
    node: 'dispatch-1',
    metrics: new Metrics(),
    health: new Health(),
    log: createLogger({ level: 'silent', node: 'dispatch-1', services: ['dispatch'] }),
  };
  app = await Test.createTestingModule({ imports: [DispatchModule.with(context)] }).compile();
  await app.init();
});

describe('the module', () => {
  it('announces one id at once and then each second, and answers under it', async () => {
    await clock.advance(3_000);
    expect(heard).toHaveLength(4);
    const [id] = new Set(heard);
    expect(heard.every((each) => each === id)).toBe(true);
    expect(id).toMatch(/^dispatch-1~[0-9A-Z]{10}$/);
    expect(fromJsonBytes<DispatchAnswer>(await ask(id))).toEqual({ entries: 1, refused: 0 });
    await app.close();
  });

  it('announces itself at once when the bus is back, so that nobody waits for its next second', async () => {
    const before = heard.length;
    bus.goAway();
    bus.comeBack();
    await clock.advance(0);
    expect(heard).toHaveLength(before + 1);
    await app.close();
  });

  it('falls silent at its end and listens no longer', async () => {
    await clock.advance(1_000);
    const [id] = heard;
    await app.close();
    const count = heard.length;
    await clock.advance(5_000);
    expect(heard).toHaveLength(count);
    await expect(ask(id)).rejects.toBeInstanceOf(NoResponder);
  });
});

function ask(id = ''): Promise<Uint8Array> {
  return ports.bus.request(subjects.dispatch(id), joinDoorbells([bell]), 2_000);
}
