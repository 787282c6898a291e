// What the kernel says of a process.
import { describe, expect, it } from 'vitest';
import { childrenOf, cpuMicros, cpuMicrosIn, residentKiB, residentKiBIn } from './process-figures.ts';

const stat = (name: string) => `42 (${name}) S 1 42 42 0 -1 4194560 9 0 0 0 150 25 0 0 20 0 7 0 1234 99 8`;

describe('figures of a process', () => {
  it('adds user and system time, of ten milliseconds a tick', () => {
    expect(cpuMicrosIn(stat('node'))).toBe(1_750_000);
  });

  it('reads a program whose name holds spaces and brackets', () => {
    expect(cpuMicrosIn(stat('a) b (c'))).toBe(1_750_000);
  });

  it('reads resident memory and not its peak', () => {
    expect(residentKiBIn('Name:\tnode\nVmHWM:\t   99999 kB\nVmRSS:\t   12345 kB\nThreads:\t7\n')).toBe(
      12_345,
    );
  });

  it('has nothing of a process that is gone', () => {
    expect([cpuMicrosIn(''), residentKiBIn('')]).toEqual([0, 0]);
    const beyondAll = 2 ** 30;
    expect([cpuMicros(beyondAll), residentKiB(beyondAll), childrenOf(beyondAll)]).toEqual([0, 0, []]);
  });

  it('knows of this process', () => {
    expect(cpuMicros(process.pid)).toBeGreaterThan(0);
    expect(residentKiB(process.pid)).toBeGreaterThan(1_000);
  });
});
