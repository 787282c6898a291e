// How much of a log a pump has in memory at a time.
import { type Draft, userKey, userLog } from '@carillon/domain';
import { type FakeClock, memoryPorts } from '@carillon/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { pushOptions, silentLog } from '../push-options.fixture.js';
import { firstPageEntries, PageReader } from './page-reader.js';

const log = userLog(userKey('default', '42'));
const options = pushOptions();

let clock: FakeClock;
let append: (count: number, bytes: number) => Promise<void>;
let reader: PageReader;

beforeEach(async () => {
  const ports = await memoryPorts();
  clock = ports.clock;
  reader = new PageReader(ports.store.log, clock, options, silentLog);
  append = async (count, bytes) => {
    const drafts = Array.from({ length: count }, (_, at): Draft => {
      const data = JSON.stringify('x'.repeat(bytes));
      return { id: `msg_${at}`, log, acceptedAt: 0, expiresAt: 1, event: 'e', data };
    });
    await ports.store.log.append(drafts);
  };
});

describe('pages of a log', () => {
  it('begin small and grow to the largest', async () => {
    await append(options.readPage * 2, 10);
    const sizes: number[] = [];
    let next: number | undefined;
    for (let after = 0; sizes.length < 5; ) {
      const page = await reader.read(log, after, next);
      sizes.push(page.entries.length);
      after += page.entries.length;
      next = page.nextEntries;
    }
    expect(sizes.slice(0, 4)).toEqual([firstPageEntries, 32, 64, 88]);
    expect(next).toBe(options.readPage);
  });

  it('of large entries stay as small as the bytes allow', async () => {
    await append(20, options.ringBytes / 4);
    const page = await reader.read(log, 0);
    expect(page.entries).toHaveLength(3);
    expect(page.nextEntries).toBe(3);
  });
});
