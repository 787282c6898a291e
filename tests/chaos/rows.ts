// The rows of the fault matrix, in its order.
import type { Row } from './row.ts';
import { clientRows } from './rows/clients.ts';
import { clockRows } from './rows/clocks.ts';
import { collectRows } from './rows/collect.ts';
import { diskRows } from './rows/disk.ts';
import { dispatchRows } from './rows/dispatch.ts';
import { manyRows } from './rows/many.ts';
import { memoryRows } from './rows/memory.ts';
import { natsRows } from './rows/nats.ts';
import { poisonRows } from './rows/poison.ts';
import { postRows } from './rows/posts.ts';
import { proxyRows } from './rows/proxy.ts';
import { purgeRows } from './rows/purge.ts';
import { pushRows } from './rows/push.ts';
import { redisRows } from './rows/redis.ts';
import { restoreRows } from './rows/restore.ts';
import { rollingRows } from './rows/rolling.ts';
import { slowRows } from './rows/slow.ts';
import { soakRows } from './rows/soak.ts';
import { storeRows } from './rows/store.ts';
import { tokenRows } from './rows/tokens.ts';

export const rows: readonly Row[] = [
  ...[...collectRows, ...dispatchRows, ...pushRows, ...redisRows, ...natsRows, ...storeRows],
  ...[...clientRows, ...postRows, ...rollingRows, ...proxyRows, ...clockRows, ...purgeRows, ...restoreRows],
  ...[...diskRows, ...manyRows, ...memoryRows, ...poisonRows, ...tokenRows, ...slowRows, ...soakRows],
].sort((one, other) => one.row.localeCompare(other.row, 'en', { numeric: true }));

/**
 * All of them but the soak, which takes an hour, or those named.
 * @throws Error naming the rows there are, when one is asked for that is not
 */
export function rowsNamed(names: readonly string[]): readonly Row[] {
  if (names.length === 0 || names.includes('all')) return rows.filter((row) => !row.isSoak);
  return names.map((name) => {
    const found = rows.find(({ row }) => row === name);
    if (!found)
      throw new Error(`There is no row ${name}; there are ${rows.map(({ row }) => row).join(', ')}.`);
    return found;
  });
}
