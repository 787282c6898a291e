/** One thread of a run: obeys and reports. Must be ended from outside: timers of the SDK would hold it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from './plan.js';
import { Shift } from './shift.js';
import type { Order, Report } from './words.js';

const countsEveryMs = 250;
const shift = new Shift(workerData as Job);

parentPort?.on('message', (order: Order) => void obey(order));
report({ kind: 'loaded' });

async function obey(order: Order): Promise<void> {
  if (order.kind === 'stop') shift.stop();
  if (order.kind === 'open') {
    setInterval(() => report({ kind: 'counts', counts: shift.counts }), countsEveryMs);
    await shift.open(order.startedAtMs);
    report({ kind: 'opened' });
  }
  if (order.kind === 'work') report({ kind: 'done', figures: await shift.work(order.startedAtMs) });
}

function report(words: Report): void {
  parentPort?.postMessage(words);
}
