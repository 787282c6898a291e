/** The bare driver on a spec's own database, to look behind the store. Must never be used outside specs. */
import { createConnection, type mongo } from 'mongoose';

export interface RawDatabase {
  readonly db: mongo.Db;
  dropAndClose(): Promise<void>;
}

export async function rawDatabase(url: string, database: string): Promise<RawDatabase> {
  const connection = await createConnection(url, { dbName: database }).asPromise();
  const { db } = connection;
  if (!db) throw new Error('the connection has no database');
  return {
    db,
    async dropAndClose() {
      await db.dropDatabase();
      await connection.close();
    },
  };
}
