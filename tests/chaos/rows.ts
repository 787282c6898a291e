// The rows of the fault matrix that this harness can run, in the order of the matrix.
import type { Row } from './row.ts';
import { clientRows } from './rows/clients.ts';
import { collectRows } from './rows/collect.ts';
import { dispatchRows } from './rows/dispatch.ts';
import { natsRows } from './rows/nats.ts';
import { postRows } from './rows/posts.ts';
import { proxyRows } from './rows/proxy.ts';
import { pushRows } from './rows/push.ts';
import { redisRows } from './rows/redis.ts';
import { rollingRows } from './rows/rolling.ts';
import { storeRows } from './rows/store.ts';

export const rows: readonly Row[] = [
  ...[...collectRows, ...dispatchRows, ...pushRows, ...redisRows, ...natsRows, ...storeRows],
  ...[...clientRows, ...postRows, ...rollingRows, ...proxyRows],
].sort((one, other) => one.row.localeCompare(other.row, 'en', { numeric: true }));

/** @throws Error naming the rows there are, when one is asked for that is not */
export function rowsNamed(names: readonly string[]): readonly Row[] {
  if (names.length === 0 || names.includes('all')) return rows;
  return names.map((name) => {
    const found = rows.find(({ row }) => row === name);
    if (!found)
      throw new Error(`There is no row ${name}; there are ${rows.map(({ row }) => row).join(', ')}.`);
    return found;
  });
}
