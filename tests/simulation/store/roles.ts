/**
 * The real roles of store-mongo over the documents of the replica set: marks, keeping, schedule, members,
 * reads. All of them with majority, and the schedule's compare-and-set as the real updates make it.
 */
import { MongoLogKeeping } from '../../../libs/adapters/store-mongo/src/log-keeping.js';
import { MongoMarks } from '../../../libs/adapters/store-mongo/src/marks.js';
import { MongoMembers } from '../../../libs/adapters/store-mongo/src/members.js';
import { MongoReads } from '../../../libs/adapters/store-mongo/src/reads.js';
import { MongoSchedule } from '../../../libs/adapters/store-mongo/src/schedule.js';
import { type Ask, type Command, Documents } from './documents.js';
import type { ReplicaSet } from './replica-set.js';
import type { Collection } from './view.js';

type Made<R> = new (...parts: never[]) => R;

export function openRoles(replicas: ReplicaSet, ask: Ask) {
  const documents = (of: Collection | 'entries') => new Documents(replicas, ask, of);
  const db = {
    command: (command: Command) =>
      documents('insert' in command ? command.insert : command.aggregate).command(command),
  };
  // Faults of the replica set are the port's errors already.
  const guard = { db, call: <R>(call: () => Promise<R>) => call() };
  const role = <R>(type: Made<R>, of: Collection | 'entries') =>
    new type(...([documents(of), guard] as never[]));
  return {
    keeping: role(MongoLogKeeping, 'entries'),
    marks: role(MongoMarks, 'entries'),
    schedule: role(MongoSchedule, 'scheduled'),
    members: role(MongoMembers, 'members'),
    reads: role(MongoReads, 'reads'),
  };
}
