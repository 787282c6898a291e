/** What RouteTable promises of leases: when they are lost, and what is lost with them. */
import { describe, expect, it } from 'vitest';
import type { Incarnation, UserKey } from '../keys.js';
import { LeaseExpired } from '../ports/port-error.js';
import type { RouteTable } from '../ports/route-table.js';
import {
  freshNode,
  leasedNode,
  longLeaseMs,
  nodesOf,
  type RouteTableSubject,
} from './route-table-subject.js';
import { freshUser } from './specimens.js';

/** Registers the suite. */
export function leaseContract(subject: RouteTableSubject): void {
  describe('leases', () => {
    renewing(subject);
    runningOut(subject);
    ending(subject);
    losingData(subject);
  });
}

function renewing({ table, other }: RouteTableSubject): void {
  it('is lost at the first renewal and kept at the next ones', async () => {
    const node = freshNode();
    expect(await table().renewLease(node, longLeaseMs)).toBe('lost');
    for (let time = 0; time < 3; time++) expect(await table().renewLease(node, longLeaseMs)).toBe('kept');
  });

  it('is another lease for every incarnation', async () => {
    const [a, b] = [await leasedNode(table()), freshNode()];
    expect(await table().renewLease(b, longLeaseMs)).toBe('lost');
    expect(await table().renewLease(a, longLeaseMs)).toBe('kept');
  });

  it('changes its token with every renewal', async () => {
    const [node, user] = [await leasedNode(table()), freshUser()];
    await table().claim(node, [user]);
    const tokens = new Set<string>();
    for (let time = 0; time < 4; time++) {
      tokens.add(await tokenOf(other(), user, node));
      expect(await tokenOf(other(), user, node)).toBe([...tokens].at(-1));
      await table().renewLease(node, longLeaseMs);
    }
    expect(tokens.size).toBe(4);
  });
}

function runningOut({ table, other, passTime, shortLeaseMs }: RouteTableSubject): void {
  it('takes the routes along when it runs out, and is lost at the next renewal', async () => {
    const [node, user] = [await leasedNode(table()), freshUser()];
    await table().claim(node, [user]);
    expect(await table().renewLease(node, shortLeaseMs)).toBe('kept');
    await passTime(shortLeaseMs * 1.5);
    expect(await nodesOf(other(), user)).toEqual([]);
    await expect(table().claim(node, [user])).rejects.toBeInstanceOf(LeaseExpired);
    expect(await table().renewLease(node, longLeaseMs)).toBe('lost');
    await table().claim(node, [user]);
    expect(await nodesOf(other(), user)).toEqual([node]);
  });

  it('lives as long as the last renewal says', async () => {
    const [node, user] = [freshNode(), freshUser()];
    await table().renewLease(node, shortLeaseMs);
    await table().renewLease(node, longLeaseMs);
    await table().claim(node, [user]);
    await passTime(shortLeaseMs * 1.5);
    expect(await nodesOf(other(), user)).toEqual([node]);
    expect(await table().renewLease(node, longLeaseMs)).toBe('kept');
  });

  it('takes along only the routes of its own node', async () => {
    const [gone, alive, user] = [await leasedNode(table()), await leasedNode(other()), freshUser()];
    await table().claim(gone, [user]);
    await other().claim(alive, [user]);
    await table().renewLease(gone, shortLeaseMs);
    await passTime(shortLeaseMs * 1.5);
    expect(await nodesOf(other(), user)).toEqual([alive]);
  });

  it('has its left-over routes dropped by the next claim of the user', async () => {
    const [gone, next, user] = [await leasedNode(table()), await leasedNode(other()), freshUser()];
    await table().claim(gone, [user]);
    await table().renewLease(gone, shortLeaseMs);
    await passTime(shortLeaseMs * 1.5);
    await other().claim(next, [user]);
    expect(await table().renewLease(gone, longLeaseMs)).toBe('lost');
    expect(await nodesOf(other(), user)).toEqual([next]);
  });
}

function ending({ table, other }: RouteTableSubject): void {
  it('takes the routes along at once when it is ended', async () => {
    const [node, alive, user] = [await leasedNode(table()), await leasedNode(table()), freshUser()];
    await table().claim(node, [user]);
    await table().claim(alive, [user]);
    for (let time = 0; time < 2; time++) await table().endLease(node);
    expect(await nodesOf(other(), user)).toEqual([alive]);
    await expect(table().claim(node, [user])).rejects.toBeInstanceOf(LeaseExpired);
    expect(await table().renewLease(node, longLeaseMs)).toBe('lost');
  });

  it('may be ended where there is none', async () => {
    await expect(table().endLease(freshNode())).resolves.toBeUndefined();
  });
}

function losingData({ table, other, wipe, snapshot }: RouteTableSubject): void {
  it('is lost when the table has lost its data, and everything can be claimed again', async () => {
    const [node, user] = [await leasedNode(table()), freshUser()];
    await table().claim(node, [user]);
    await wipe();
    expect(await nodesOf(other(), user)).toEqual([]);
    await expect(table().claim(node, [user])).rejects.toBeInstanceOf(LeaseExpired);
    expect(await table().renewLease(node, longLeaseMs)).toBe('lost');
    await table().claim(node, [user]);
    expect(await nodesOf(other(), user)).toEqual([node]);
    expect(await table().renewLease(node, longLeaseMs)).toBe('kept');
  });

  it('is lost when the table has gone back to older data', async () => {
    const [node, early, late] = [await leasedNode(table()), freshUser(), freshUser()];
    await table().claim(node, [early]);
    const restore = await snapshot();
    for (let time = 0; time < 3; time++) await table().renewLease(node, longLeaseMs);
    await table().claim(node, [late]);
    await restore();
    expect(await nodesOf(other(), late)).toEqual([]);
    expect(await table().renewLease(node, longLeaseMs)).toBe('lost');
    await table().claim(node, [early, late]);
    expect(await nodesOf(other(), late)).toEqual([node]);
  });
}

async function tokenOf(table: RouteTable, user: UserKey, node: Incarnation): Promise<string> {
  const routes = (await table.lookup([user])).get(user) ?? [];
  return routes.find((route) => route.incarnation === node)!.leaseToken;
}
