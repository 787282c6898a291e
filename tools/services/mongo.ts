// A real MongoDB replica set of one or three members for tests and development, with faults to put on
// members. A test tool only: its data is thrown away, and it must never be given to anybody as a database.

import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { findBinary } from './binary.ts';
import { isAnswering } from './port.ts';
import { type ServerControls, startServer } from './server.ts';

const setName = 'rs0';
const electionTimeoutDefaultMs = 1_000;
const heartbeatMs = 500;
const formedTimeoutMs = 30_000;
const primaryTimeoutMs = 30_000;
const askTimeoutMs = 1_000;
const pollMs = 50;

export type MongoMember = ServerControls;

export interface MongoServer {
  /** Names every member and the replica set; valid across kills and restarts. */
  readonly url: string;
  readonly members: readonly MongoMember[];
  /** The member that takes writes now; waits through an election. @throws after 30 s without one */
  primary(): Promise<MongoMember>;
  /** Ends all members and removes their data. Idempotent. */
  stop(): Promise<void>;
}

export interface MongoOptions {
  readonly members: 1 | 3;
  /** How long a primary stays one without a majority, and the others without it until they elect another. */
  readonly electionTimeoutMs?: number;
  readonly room?: MongoRoom;
}

/** What a member may take. */
export interface MongoRoom {
  readonly cacheGiB: number;
  readonly oplogMiB: number;
}

/** Enough for tests, of which several run at a time. */
const littleRoom: MongoRoom = { cacheGiB: 0.25, oplogMiB: 64 };

/** Always starts a set of its own, ready for majority writes, for it may be paused and killed at will. */
export async function startMongo(options: MongoOptions): Promise<MongoServer> {
  const { members: count, electionTimeoutMs = electionTimeoutDefaultMs, room = littleRoom } = options;
  const binary = await findBinary('mongod');
  const program = {
    name: 'mongod',
    binary,
    args: (port: number, folder: string) => mongodArgs(port, folder, room),
    isReady: (port: number) => isAnswering({ port }),
  };
  const members = await Promise.all(Array.from({ length: count }, () => startServer(program)));
  const stop = async () => {
    await Promise.all(members.map((member) => member.stop()));
  };
  try {
    await formSet(
      members.map((member) => member.port),
      electionTimeoutMs,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = members.map((member) => `127.0.0.1:${member.port}`).join(',');
  return {
    url: `mongodb://${hosts}/?replicaSet=${setName}`,
    members,
    primary: () => findPrimary(members),
    stop,
  };
}

function mongodArgs(port: number, folder: string, room: MongoRoom): readonly string[] {
  return [
    ...['--replSet', setName, '--port', String(port), '--dbpath', folder, '--bind_ip', '127.0.0.1'],
    ...['--nounixsocket', '--quiet', '--oplogSize', String(room.oplogMiB)],
    ...['--wiredTigerCacheSizeGB', String(room.cacheGiB)],
    ...['--setParameter', 'diagnosticDataCollectionEnabled=false', '--setParameter', 'ttlMonitorSleepSecs=1'],
  ];
}

async function formSet(ports: readonly number[], electionTimeoutMs: number): Promise<void> {
  const [first = 0] = ports;
  await command(first, {
    replSetInitiate: {
      _id: setName,
      members: ports.map((port, index) => ({ _id: index, host: `127.0.0.1:${port}` })),
      settings: { electionTimeoutMillis: electionTimeoutMs, heartbeatIntervalMillis: heartbeatMs },
    },
  });
  const deadline = Date.now() + formedTimeoutMs;
  while (!(await isFormed(ports))) {
    if (Date.now() > deadline)
      throw new Error(`The replica set on ports ${ports.join(', ')} found no primary.`);
    await sleep(pollMs);
  }
}

/** One primary that takes writes, and everybody else in step behind it. */
async function isFormed(ports: readonly number[]): Promise<boolean> {
  const status = await command(ports[0] ?? 0, { replSetGetStatus: 1 });
  const states = (status.members as { stateStr: string }[]).map((member) => member.stateStr);
  const secondaries = states.filter((state) => state === 'SECONDARY').length;
  if (!states.includes('PRIMARY') || secondaries !== ports.length - 1) return false;
  // A fresh primary still catches up for a moment and refuses writes meanwhile.
  const hellos = await Promise.all(ports.map((each) => command(each, { hello: 1 })));
  return hellos.some((hello) => hello.isWritablePrimary === true);
}

async function findPrimary(members: readonly MongoMember[]): Promise<MongoMember> {
  const deadline = Date.now() + primaryTimeoutMs;
  while (Date.now() < deadline) {
    const claims = await Promise.all(members.map(claimOf));
    // A primary that was frozen claims for a moment longer: the latest election wins.
    const [best] = claims
      .filter((claim) => claim.election !== '')
      .sort((a, b) => (a.election < b.election ? 1 : -1));
    if (best) return best.member;
    await sleep(pollMs);
  }
  throw new Error(`No primary for ${primaryTimeoutMs / 1000} s.`);
}

/** `election` sorts by time; empty if this member does not claim to be primary, or does not answer. */
async function claimOf(member: MongoMember): Promise<{ member: MongoMember; election: string }> {
  if (member.pid === 0) return { member, election: '' };
  try {
    const hello = await command(member.port, { hello: 1 });
    return { member, election: hello.isWritablePrimary === true ? String(hello.electionId) : '' };
  } catch {
    return { member, election: '' }; // Paused or on its way up: not a primary that anybody can write to.
  }
}

async function command(port: number, document: Record<string, unknown>): Promise<Record<string, unknown>> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: askTimeoutMs,
    connectTimeoutMS: askTimeoutMs,
    socketTimeoutMS: 'replSetInitiate' in document ? formedTimeoutMs : askTimeoutMs,
  });
  try {
    return await client.db('admin').command(document);
  } finally {
    await client.close();
  }
}
