/**
 * A collection of the replica set with the calls that the real adapters of store-mongo make: reads with
 * majority, and writes that the primary plans on what it has when the command reaches it, so that of two that
 * race one finds the other's work. Knows nothing of what its documents mean.
 */
import type { LogKey } from '@carillon/domain';
import { MongoServerError } from 'mongodb';
import { entryFromRow, entryToRow } from '../../../libs/adapters/store-mongo/src/rows.js';
import { differs, matches, sorted, updated } from './query.js';
import type { ReplicaSet } from './replica-set.js';
import type { Collection, Doc, Operation, View } from './view.js';

export type Filter = Readonly<Record<string, unknown>>;
export type Ask = <T>(call: () => Promise<T>) => Promise<T>;

interface FindOptions {
  readonly limit?: number;
  readonly sort?: Readonly<Record<string, number>>;
}

interface Removal {
  readonly deleteOne: { readonly filter: Filter };
}

/** The plain commands there are: an insert without order, and the newest of each log. */
export type Command =
  | { readonly insert: Collection; readonly documents: readonly Doc[] }
  | {
      readonly aggregate: 'entries';
      readonly pipeline: readonly [
        { readonly $match: { readonly log: { readonly $in: readonly LogKey[] } } },
      ];
    };

const duplicateCode = 11000;

export class Documents {
  constructor(
    private readonly replicas: ReplicaSet,
    private readonly ask: Ask,
    private readonly of: Collection | 'entries',
  ) {}

  get collectionName(): string {
    return this.of;
  }

  /** One plain command to this collection. */
  async command(command: Command) {
    if ('insert' in command) return { writeErrors: await this.insertAll(command.documents) };
    if (!('aggregate' in command)) throw new TypeError('the simulation does not know this command');
    const logs = command.pipeline[0].$match.log.$in;
    const newest = (view: View) => logs.map((log) => ({ _id: log, seq: view.newest(log) }));
    return { cursor: { firstBatch: await this.read(newest) } };
  }

  find(filter: Filter, { limit }: FindOptions = {}) {
    let [by, most]: [Readonly<Record<string, number>> | undefined, number] = [undefined, limit ?? Infinity];
    const cursor = {
      sort: (order: Readonly<Record<string, number>>) => {
        by = order;
        return cursor;
      },
      limit: (count: number) => {
        most = count;
        return cursor;
      },
      project: () => cursor,
      toArray: () => this.read((view) => this.found(view, filter, by).slice(0, most)),
    };
    return cursor;
  }

  async findOne(filter: Filter, { sort }: FindOptions = {}): Promise<Doc | null> {
    return this.read((view) => this.found(view, filter, sort)[0] ?? null);
  }

  /** @throws MongoServerError with the code of a duplicate */
  async insertOne(doc: Doc): Promise<void> {
    let isThere = false;
    await this.write((view) => {
      isThere = this.found(view, { _id: doc._id }).length > 0;
      return isThere ? [] : [this.put(doc)];
    });
    if (isThere) throw new MongoServerError({ message: 'duplicate', code: duplicateCode });
  }

  async updateOne(filter: Filter, update: Filter) {
    return this.change(filter, update, 1);
  }

  async updateMany(filter: Filter, update: Filter | readonly Filter[]) {
    return this.change(filter, update, Infinity);
  }

  async deleteMany(filter: Filter): Promise<void> {
    await this.write((view) => this.found(view, filter).map((doc) => this.drop(doc)));
  }

  async bulkWrite(removals: readonly Removal[]): Promise<void> {
    await this.write((view) =>
      removals.flatMap(({ deleteOne }) =>
        this.found(view, deleteOne.filter)
          .slice(0, 1)
          .map((doc) => this.drop(doc)),
      ),
    );
  }

  /** @returns what was there already */
  private async insertAll(docs: readonly Doc[]) {
    const own = docs.map((doc, index) => ({ index, doc: { ...doc, _id: idOf(doc) } }));
    let there: typeof own = [];
    await this.write((view) => {
      there = own.filter(({ doc: { _id } }) => this.found(view, { _id }).length > 0);
      return own.filter((each) => !there.includes(each)).map(({ doc }) => this.put(doc));
    });
    return there.map(({ index }) => ({ index, code: duplicateCode }));
  }

  private async change(filter: Filter, update: Filter | readonly Filter[], most: number) {
    let matchedCount = 0;
    const operations = await this.write((view) => {
      const found = this.found(view, filter).slice(0, most);
      matchedCount = found.length;
      return found.flatMap((doc) => {
        const made = updated(doc, update);
        return differs(doc, made) ? [this.put(made, true)] : [];
      });
    });
    return { matchedCount, modifiedCount: operations.length };
  }

  private found(view: View, filter: Filter, by?: Readonly<Record<string, number>>): readonly Doc[] {
    const rows = this.candidates(view, filter).filter((doc) => matches(doc, filter));
    return by ? sorted(rows, by) : rows;
  }

  /** All that an index would lead to. */
  private candidates(view: View, { _id, log }: Filter): readonly Doc[] {
    if (this.of === 'entries') {
      const all = typeof log === 'string' ? (view.logs.get(log as LogKey) ?? []) : [...view.ids.values()];
      return all.map((row) => entryToRow(row) as unknown as Doc);
    }
    const docs = view.docs[this.of];
    if (typeof _id !== 'string') return [...docs.values()];
    const one = docs.get(_id);
    return one ? [one] : [];
  }

  private put(doc: Doc, isChange = false): Operation {
    if (this.of !== 'entries') return { kind: 'put', of: this.of, doc };
    const row = entryFromRow(doc as never);
    return isChange ? { kind: 'replace', row } : { kind: 'insert', row };
  }

  private drop({ _id }: Doc): Operation {
    return this.of === 'entries' ? { kind: 'remove', id: _id } : { kind: 'drop', of: this.of, id: _id };
  }

  private read<T>(question: (view: View) => T): Promise<T> {
    return this.ask(() => this.replicas.read('majority', question));
  }

  private write(plan: (view: View) => readonly Operation[]): Promise<readonly Operation[]> {
    return this.ask(() => this.replicas.update(plan));
  }
}

/** Members have a unique index on topic and user instead. */
function idOf(doc: Doc): string {
  return doc._id ?? `${String(doc.user)}@${String(doc.topic)}`;
}
