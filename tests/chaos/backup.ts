// A backup of the store as an operator makes one: all collections at one moment, and their way back. Must
// never be restored while a service runs.
import { type Document, MongoClient } from 'mongodb';
import { database } from './dump.ts';

const rowsPerInsert = 1_000;
/** Numbers stay of the kind that they were. */
const asStored = { promoteValues: false, promoteLongs: false } as const;

export class Backup {
  private readonly url: string;
  private readonly collections: ReadonlyMap<string, readonly Document[]>;

  private constructor(url: string, collections: ReadonlyMap<string, readonly Document[]>) {
    this.url = url;
    this.collections = collections;
  }

  /** Of one moment at or after the call: what was confirmed before it is in it. */
  static async of(url: string): Promise<Backup> {
    return connected(url, async (client) => {
      const names = await namesIn(client);
      const session = client.startSession({ snapshot: true });
      try {
        const collections = new Map<string, readonly Document[]>();
        for (const name of names) {
          const rows = client
            .db(database)
            .collection(name)
            .find({}, { session, ...asStored });
          collections.set(name, await rows.toArray());
        }
        return new Backup(url, collections);
      } finally {
        await session.endSession();
      }
    });
  }

  /** The store holds this and nothing else; indexes stay. */
  async restore(): Promise<void> {
    await connected(this.url, async (client) => {
      for (const name of await namesIn(client)) {
        const collection = client.db(database).collection(name, { writeConcern: { w: 'majority' } });
        const rows = this.collections.get(name) ?? [];
        await collection.deleteMany({});
        for (let from = 0; from < rows.length; from += rowsPerInsert) {
          await collection.insertMany(rows.slice(from, from + rowsPerInsert));
        }
      }
    });
  }
}

async function namesIn(client: MongoClient): Promise<string[]> {
  const found = await client.db(database).listCollections({ type: 'collection' }).toArray();
  return found.map(({ name }) => name).filter((name) => !name.startsWith('system.'));
}

async function connected<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
