// Every scenario, in the order of the page.
import type { Scenario } from '../scenario.ts';
import { acks } from './acks.ts';
import { chain } from './chain.ts';
import { connectionsScenario } from './connections.ts';
import { dispatch } from './dispatch.ts';
import { fanOut } from './fan-out.ts';
import { growthConnections } from './growth-connections.ts';
import { growthEntries } from './growth-entries.ts';
import { growthNodes } from './growth-nodes.ts';
import { ingest } from './ingest.ts';
import { latency } from './latency.ts';
import { overload } from './overload.ts';
import { reconnect } from './reconnect.ts';
import { replay } from './replay.ts';
import { topic } from './topic.ts';

export const allScenarios: readonly Scenario[] = [
  fanOut,
  chain,
  ingest,
  dispatch,
  acks,
  connectionsScenario,
  reconnect,
  replay,
  topic,
  latency,
  overload,
  growthConnections,
  growthEntries,
  growthNodes,
];
