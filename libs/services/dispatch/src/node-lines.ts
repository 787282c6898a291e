/** How many batches a node has open: a few at once, the next ones wait in turn, and not too many of them. */
import type { Incarnation } from '@carillon/domain';
import { Injectable } from '@nestjs/common';
import { DispatchOptions } from './dispatch-options.js';

/** Batches that may wait for one node; beyond it the node counts as busy. */
const waitingMax = 64;

interface Line {
  open: number;
  readonly waiting: (() => void)[];
}

@Injectable()
export class NodeLines {
  private readonly lines = new Map<Incarnation, Line>();

  constructor(private readonly options: DispatchOptions) {}

  /** Whether a batch may go at once; if so it must `leave`. */
  enter(incarnation: Incarnation): boolean {
    const line = this.lineOf(incarnation);
    if (line.open >= this.options.pushBatchesInFlight) return false;
    line.open += 1;
    return true;
  }

  /** Resolves when the batch may go and must `leave`; undefined when too many wait already. */
  wait(incarnation: Incarnation): Promise<void> | undefined {
    const { waiting } = this.lineOf(incarnation);
    if (waiting.length >= waitingMax) return undefined;
    return new Promise((resolve) => waiting.push(resolve));
  }

  /** Hands the place to who waits longest. */
  leave(incarnation: Incarnation): void {
    const line = this.lineOf(incarnation);
    const next = line.waiting.shift();
    if (next) next();
    else line.open -= 1;
    if (line.open === 0) this.lines.delete(incarnation);
  }

  private lineOf(incarnation: Incarnation): Line {
    const line = this.lines.get(incarnation) ?? { open: 0, waiting: [] };
    this.lines.set(incarnation, line);
    return line;
  }
}
