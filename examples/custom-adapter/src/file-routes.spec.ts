/** A SQLite file keeps the contract of a route table. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { incarnation, userKey } from '@carillon/domain';
import { HandClock, routeTableContract } from '@carillon/domain/contracts';
import { PortUnavailable } from '@carillon/domain/ports';
import { MachineRandom } from '@carillon/testkit';
import { afterAll, expect, it } from 'vitest';
import { FileRoutes } from './file-routes.js';

const folder = mkdtempSync(join(tmpdir(), 'carillon-file-routes-'));
const path = join(folder, 'routes.sqlite');
const clock = new HandClock();
const open = async () => new FileRoutes({ path, clock, random: new MachineRandom() });
afterAll(() => rmSync(folder, { recursive: true }));

/** As an operator who empties the file, or puts a copy of it back, while processes have it open. */
function edit(sql: string): void {
  const file = new DatabaseSync(path);
  file.exec(sql);
  file.close();
}

routeTableContract('file-routes', {
  open,
  passTime: (ms) => clock.advance(ms),
  wipe: async () => edit('DELETE FROM leases'),
  snapshot: async () => {
    edit('CREATE TABLE old_leases AS SELECT * FROM leases; CREATE TABLE old_routes AS SELECT * FROM routes');
    const putBack =
      'INSERT INTO leases SELECT * FROM old_leases; INSERT INTO routes SELECT * FROM old_routes';
    return async () => edit(`DELETE FROM leases; ${putBack}`);
  },
});

it('answers nothing once it is closed', async () => {
  const table = await open();
  await table.close();
  await expect(table.lookup([userKey('t', 'ann')])).rejects.toBeInstanceOf(PortUnavailable);
  await expect(table.renewLease(incarnation('push-1', 'a'), 1)).rejects.toBeInstanceOf(PortUnavailable);
});

it('waits for another process that writes, but not for ever', async () => {
  const table = await open();
  const writer = new DatabaseSync(path);
  writer.exec('BEGIN IMMEDIATE');
  await expect(table.endLease(incarnation('push-1', 'a'))).rejects.toBeInstanceOf(PortUnavailable);
  writer.close();
  await expect(table.endLease(incarnation('push-1', 'a'))).resolves.toBeUndefined();
  await table.close();
});
