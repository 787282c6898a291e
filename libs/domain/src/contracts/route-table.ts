/**
 * What RouteTable promises: routes live and die with their node's lease, and a late word of one node never
 * hurts another. Must never ask for anything within a short lease, so that a slow machine fails nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Incarnation, incarnation, type UserKey, userKey } from '../keys.js';
import { LeaseExpired } from '../ports/port-error.js';
import type { Route, RouteTable } from '../ports/route-table.js';
import { leaseContract } from './lease.js';
import {
  freshNode,
  leasedNode,
  longLeaseMs,
  nodesOf,
  type RouteTableSetUp,
  type RouteTableSubject,
} from './route-table-subject.js';
import { freshName, freshUser, run, span } from './specimens.js';

/** Registers the suite. */
export function routeTableContract(name: string, setUp: RouteTableSetUp): void {
  describe(`${name} keeps the contract of RouteTable (run ${run})`, { timeout: 20_000 }, () => {
    const tables: RouteTable[] = [];
    beforeAll(async () => {
      tables.push(await setUp.open(), await setUp.open());
    });
    afterAll(async () => {
      for (const table of tables) await table.close();
      for (const table of tables) await table.close();
    });
    const subject = { shortLeaseMs: 500, ...setUp, table: () => tables[0]!, other: () => tables[1]! };
    leaseContract(subject);
    claiming(subject);
    releasing(subject);
    lookingUp(subject);
  });
}

function claiming({ table, other }: RouteTableSubject): void {
  it('makes a claimed user be found, by others too', async () => {
    const [node, user, stranger] = [await leasedNode(table()), freshUser(), freshUser()];
    await table().claim(node, [user]);
    expect(await nodesOf(other(), user)).toEqual([node]);
    expect(await nodesOf(other(), stranger)).toEqual([]);
  });

  it('counts a repeated claim once', async () => {
    const [node, user] = [await leasedNode(table()), freshUser()];
    for (let time = 0; time < 3; time++) await table().claim(node, [user, user]);
    expect(await nodesOf(other(), user)).toEqual([node]);
  });

  it('lets several nodes hold one user', async () => {
    const [a, b, user] = [await leasedNode(table()), await leasedNode(other()), freshUser()];
    await Promise.all([table().claim(a, [user]), other().claim(b, [user])]);
    expect(await nodesOf(table(), user)).toEqual([a, b].sort());
  });

  it('refuses an incarnation without a lease, and routes nothing to it', async () => {
    const [node, user] = [freshNode(), freshUser()];
    await expect(table().claim(node, [user])).rejects.toBeInstanceOf(LeaseExpired);
    await table().renewLease(node, longLeaseMs);
    expect(await nodesOf(other(), user)).toEqual([]);
  });

  it('takes 1,000 users in one call, and none', async () => {
    const node = await leasedNode(table());
    const tenant = freshName();
    const users = span(1, 1_000).map((n) => userKey(tenant, `u${n}`));
    await table().claim(node, users);
    await table().claim(node, []);
    const found = await other().lookup(users);
    expect(found.size).toBe(1_000);
    expect([...found.values()].every(([route]) => route?.incarnation === node)).toBe(true);
    await table().release(node, users);
    expect((await other().lookup(users)).size).toBe(0);
  });

  it('tells users apart whose names contain marks that keys are joined with', async () => {
    const node = await leasedNode(table());
    const tenant = freshName();
    const users = ['u', 'U', 'u:u', 'u.', 'u@', 'u_'].map((name) => userKey(tenant, name));
    const foreign = userKey(`${tenant}:u`, 'u');
    for (const user of users) {
      await table().claim(node, [user]);
      const found = await other().lookup([...users, foreign]);
      expect([...found.keys()]).toEqual([user]);
      await table().release(node, [user]);
    }
  });
}

function releasing({ table, other }: RouteTableSubject): void {
  it('removes the routes released and no others', async () => {
    const [node, kept, gone] = [await leasedNode(table()), freshUser(), freshUser()];
    await table().claim(node, [kept, gone]);
    for (let time = 0; time < 2; time++) await table().release(node, [gone, freshUser()]);
    expect(await nodesOf(other(), gone)).toEqual([]);
    expect(await nodesOf(other(), kept)).toEqual([node]);
  });

  it('never evicts a newer node by a late release', async () => {
    const [late, newer, user] = [await leasedNode(table()), await leasedNode(other()), freshUser()];
    await table().claim(late, [user]);
    await other().claim(newer, [user]);
    for (let time = 0; time < 2; time++) await table().release(late, [user]);
    expect(await nodesOf(other(), user)).toEqual([newer]);
  });

  it('never evicts the next boot of the same node', async () => {
    const [first, second] = [freshName(), freshName()].map((boot) => incarnation('push-9', boot));
    const user = freshUser();
    for (const boot of [first!, second!]) {
      await table().renewLease(boot, longLeaseMs);
      await table().claim(boot, [user]);
    }
    await table().release(first!, [user]);
    expect(await nodesOf(other(), user)).toEqual([second]);
  });

  it('needs no lease', async () => {
    const user = freshUser();
    const holder = await leasedNode(table());
    await table().claim(holder, [user]);
    await other().release(freshNode(), [user]);
    await other().release(holder, []);
    expect(await nodesOf(other(), user)).toEqual([holder]);
  });

  it('loses no route while nodes come and go at once', async () => {
    const user = freshUser();
    const stayers = await Promise.all(span(1, 5).map(() => leasedNode(table())));
    const movers = await Promise.all(span(1, 5).map(() => leasedNode(other())));
    await Promise.all([
      ...stayers.map((node) => table().claim(node, [user])),
      ...movers.map(async (node) => {
        for (let time = 0; time < 3; time++) {
          await other().claim(node, [user]);
          await other().release(node, [user]);
        }
      }),
    ]);
    expect(await nodesOf(table(), user)).toEqual([...stayers].sort());
  });
}

function lookingUp({ table, other }: RouteTableSubject): void {
  it('leaves out users without a route', async () => {
    const [node, user] = [await leasedNode(table()), freshUser()];
    await table().claim(node, [user]);
    const found: ReadonlyMap<UserKey, readonly Route[]> = await other().lookup([
      freshUser(),
      user,
      freshUser(),
    ]);
    expect([...found.keys()]).toEqual([user]);
    expect((await other().lookup([])).size).toBe(0);
  });

  it('gives all routes of one node the same lease token, and other nodes another', async () => {
    const [a, b] = [await leasedNode(table()), await leasedNode(table())];
    const [x, y] = [freshUser(), freshUser()];
    await table().claim(a, [x, y]);
    await table().claim(b, [x]);
    const found = await other().lookup([x, y]);
    const tokenOf = (user: UserKey, node: Incarnation) =>
      found.get(user)!.find((route) => route.incarnation === node)!.leaseToken;
    expect(tokenOf(x, a)).toBe(tokenOf(y, a));
    expect(tokenOf(x, a)).not.toBe(tokenOf(x, b));
  });
}
