// The whole suite as specs on some servers: all cases are played at once before the first spec, for most of
// them only wait. Must never leave a case out that is in the list.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildTimeoutMs } from '../setup/built.ts';
import { allCases } from './all-cases.ts';
import { playAll, type Result, resultTable } from './conformance-case.ts';
import { Peer } from './peer.ts';
import { Stage, type Target } from './stage.ts';

/** A server for the suite. */
export interface Server {
  readonly target: Target;
  /** Asks the node that holds the sockets to go; absent where the server is somebody else's. */
  readonly drain?: () => void;
  stop(): Promise<void>;
}

/** The shortest times that still tell a slow server from a wrong one; as variables of a process. */
export const shortTimes = { helloTimeoutMs: 1_000, heartbeatMs: 2_000, ackTimeoutMs: 2_000 } as const;
export const shortTimesEnv = {
  DELIVERY_HELLO_TIMEOUT_MS: String(shortTimes.helloTimeoutMs),
  DELIVERY_HEARTBEAT_MS: String(shortTimes.heartbeatMs),
  DELIVERY_ACK_TIMEOUT_MS: String(shortTimes.ackTimeoutMs),
};
/** Allowed for the tenant of the servers that the suite starts. */
export const pageOrigin = 'https://page.example';

/** A server that is yet to be started. */
export interface Candidate {
  readonly title: string;
  readonly start: () => Promise<Server>;
}

/** Registers a spec per case and server. All servers are played on at once. */
export function conformance(candidates: readonly Candidate[]): void {
  const suites = candidates.map((candidate) => new Suite(candidate));
  beforeAll(async () => {
    await Promise.all(suites.map((suite) => suite.play()));
  }, buildTimeoutMs);
  afterAll(async () => {
    await Promise.all(suites.map((suite) => suite.stop()));
  }, 60_000);
  for (const suite of suites) specify(suite);
}

class Suite {
  readonly title: string;
  readonly results = new Map<string, Result>();
  server: Server | undefined;
  readonly #start: Candidate['start'];

  constructor({ title, start }: Candidate) {
    this.title = title;
    this.#start = start;
  }

  async play(): Promise<void> {
    this.server = await this.#start();
    const played = await playAll(new Stage(this.server.target), allCases);
    for (const result of played) this.results.set(`${result.group}: ${result.name}`, result);
    console.log(resultTable(this.title, played));
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }
}

function specify(suite: Suite): void {
  describe(suite.title, () => {
    it.for(allCases.map((one) => ({ title: `${one.group}: ${one.name}`, ...one })))(
      '$title',
      ({ title, expected }, context) => {
        const result = suite.results.get(title);
        if (result?.verdict === 'not played') return context.skip(result.got);
        expect(expected, `got ${result?.got}`).toContain(result?.got);
      },
    );

    it('limit: a node that goes says drain and closes 4200 at last', async (context) => {
      const { server } = suite;
      if (!server?.drain) return context.skip('somebody else runs this server');
      const peer = await Peer.open(new Stage(server.target));
      server.drain();
      await peer.got(({ type, withinMs }) => type === 'drain' && Number.isInteger(withinMs));
      expect(await peer.closeCode()).toBe(4200);
    });
  });
}
