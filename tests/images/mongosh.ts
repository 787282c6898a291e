// Stands for `mongosh --quiet [--host <host>] --eval <script>`: runs the script's own statements, unchanged,
// with the driver. Knows as much of the shell as docker-compose.yml uses; must fail on anything else.
import { parseArgs } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads';
import { MongoClient } from 'mongodb';

interface Asked {
  readonly port: MessagePort;
  readonly done: Int32Array<SharedArrayBuffer>;
  readonly url: string;
}

interface Reply {
  readonly document?: Record<string, unknown>;
  readonly fault?: string;
}

const askTimeoutMs = 20_000;
const connectTimeoutMs = 3_000;

if (isMainThread) main();
else await answerFor(workerData as Asked);

function main(): void {
  const { values } = parseArgs({
    options: { quiet: { type: 'boolean' }, host: { type: 'string' }, eval: { type: 'string' } },
  });
  const ask = connection(`mongodb://${values.host ?? '127.0.0.1'}:27017/?directConnection=true`);
  const quit = (code = 0) => process.exit(code);
  const sleep = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  const adminCommand = (command: string | object) =>
    ask(typeof command === 'string' ? { [command]: 1 } : command);
  const db = { adminCommand, hello: () => ask({ hello: 1 }) };
  const rs = { initiate: (config: object) => ask({ replSetInitiate: config }) };
  try {
    runInContext(values.eval ?? '', createContext({ db, rs, quit, sleep }));
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** The shell's calls wait for their answer: a thread asks the driver meanwhile. */
function connection(url: string): (command: object) => Record<string, unknown> {
  const { port1, port2 } = new MessageChannel();
  const done = new Int32Array(new SharedArrayBuffer(4));
  const data: Asked = { port: port2, done, url };
  const worker = new Worker(new URL(import.meta.url), { workerData: data, transferList: [port2] });
  worker.unref();
  return (command) => {
    Atomics.store(done, 0, 0);
    port1.postMessage(command);
    Atomics.wait(done, 0, 0, askTimeoutMs);
    const { document, fault } = (receiveMessageOnPort(port1)?.message ?? {}) as Reply;
    if (document === undefined) throw new Error(fault ?? 'no answer in time');
    return document;
  };
}

async function answerFor({ port, done, url }: Asked): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: connectTimeoutMs });
  const answer = async (command: Record<string, unknown>) => {
    const reply: Reply = await client
      .db('admin')
      .command(command)
      .then(
        (document) => ({ document }),
        (error: unknown) => ({ fault: error instanceof Error ? error.message : String(error) }),
      );
    port.postMessage(JSON.parse(JSON.stringify(reply)));
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  };
  port.on('message', (command: Record<string, unknown>) => void answer(command));
}
