// `npm run profile`: a CPU profile or a heap snapshot of a running node, through its inspector on loopback.
// Opens the inspector by SIGUSR1 and closes it again. Must never print a payload or leave half a file.
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { Inspector } from './profile/inspector.ts';
import { checkNode, isClosedSoon, openInspector } from './profile/node-process.ts';
import { type Order, readOrder } from './profile/order.ts';
import { type Progress, recordCpu, recordHeap } from './profile/recording.ts';
import { Refusal } from './profile/refusal.ts';

/** Readable by this user alone: a heap holds messages and keys. */
const fileMode = 0o600;
/** The inspector is closed a moment after the answer that says so. */
const closeAfterMs = 100;
const progressEveryMs = 1_000;

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => stopped.abort(new Refusal('Stopped: nothing was written.')));

try {
  // npm runs scripts in the checkout, and keeps where the person was.
  await profile(readOrder(process.argv.slice(2), process.env.INIT_CWD ?? process.cwd()));
} catch (error) {
  const refusal = error instanceof Error && error.cause instanceof Refusal ? error.cause : error;
  if (!(refusal instanceof Refusal)) throw error;
  console.error(refusal.message);
  process.exitCode = refusal.exitCode;
}

async function profile(order: Order): Promise<void> {
  const { target, out } = order;
  if (target.kind === 'process') checkNode(target.pid);
  const fd = open(out);
  let isComplete = false;
  try {
    const { port, isOurs } =
      target.kind === 'process' ? await openInspector(target.pid) : { port: target.port, isOurs: false };
    await recordOn(port, isOurs, { ...order, fd });
    isComplete = true;
  } finally {
    closeSync(fd);
    if (!isComplete) rmSync(out, { force: true });
  }
  const megabytes = (statSync(out).size / 1e6).toFixed(1);
  console.log(`Wrote ${out} (${megabytes} MB). Open it in the DevTools of Chromium.`);
}

async function recordOn(
  port: number,
  isOurs: boolean,
  order: Order & { readonly fd: number },
): Promise<void> {
  const { target, wish, fd } = order;
  const inspector = await Inspector.connect(port);
  try {
    const pid = await inspector.evaluate<number>('process.pid');
    if (target.kind === 'process' && pid !== target.pid)
      throw new Refusal(`The inspector on port ${port} is that of process ${pid}, not of ${target.pid}.`);
    const recording = { inspector, fd, onProgress: progressLine(), signal: stopped.signal };
    if (wish.kind === 'cpu') await recordCpu(recording, wish.ms);
    else await recordHeap(recording);
  } finally {
    if (isOurs && target.kind === 'process') await closeInspector(inspector, target.pid, port);
    inspector.close();
  }
}

/** A recording that is complete stays so if this fails. */
async function closeInspector(inspector: Inspector, pid: number, port: number): Promise<void> {
  const close = `process.getBuiltinModule('node:inspector').close()`;
  try {
    // Later, for an inspector cannot close while it answers.
    await inspector.evaluate(`void setTimeout(() => ${close}, ${closeAfterMs})`);
    inspector.close();
    if (await isClosedSoon(pid, port)) return;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
  console.error(`The inspector of process ${pid} may still listen on 127.0.0.1:${port}.`);
}

function open(out: string): number {
  try {
    return openSync(out, 'wx', fileMode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'is there already' : `cannot be written (${code})`;
    throw new Refusal(`The file ${out} ${why}: name another one with --out.`);
  }
}

/** One line that is rewritten on a terminal; elsewhere a new one each second at most. */
function progressLine(): Progress {
  let saidAt = Number.NEGATIVE_INFINITY;
  let isOver = false;
  return (done, total, unit) => {
    const isLast = done === total;
    if (isOver || (performance.now() - saidAt < progressEveryMs && !isLast)) return;
    saidAt = performance.now();
    isOver = isLast;
    const line = `Recording: ${done} of ${total} ${unit}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}${isLast ? '\n' : ''}`);
    else console.error(line);
  };
}
