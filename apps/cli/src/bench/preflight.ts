/**
 * What can be known before any load: that it is a Carillon, that the key may do it, that this machine has
 * files enough. Must never change anything on the server: it asks with bodies that are refused.
 */
import { Fault } from '../fault.js';
import { isLoopback } from './consent.js';
import type { Plan } from './plan.js';
import { type Asked, refusalOf, type Target } from './target.js';

/** What is needed beside the sockets: threads, requests, the program's own. */
const ownFiles = 200;
const keyHint = 'carillon bench --key-file data/admin-key';

/** Resolves with what the server says of itself. @throws Fault */
export async function checkServer(target: Target, { mode }: Plan): Promise<{ version: string | undefined }> {
  const paths = {
    'end-to-end': ['/v1/tokens', '/v1/messages'],
    connect: ['/v1/tokens'],
    send: ['/v1/messages'],
  };
  for (const path of paths[mode]) demand(path, target.url, await target.ask(path, {}));
  const document = await target.ask('/openapi.json');
  const { info } = Object(document.status === 200 ? document.body : undefined) as {
    info?: { version?: unknown };
  };
  return { version: typeof info?.version === 'string' ? info.version : undefined };
}

/** An empty body is answered 422 to those who may, and to nobody else. */
function demand(path: string, url: string, asked: Asked): void {
  const { code } = refusalOf(asked);
  if (asked.status === 422 && code === 'validation_failed') return;
  if (asked.status === 401)
    throw new Fault('notPermitted', `The key is not one of ${url} (${code}).`, keyHint);
  if (asked.status === 403)
    throw new Fault('notPermitted', `The key may not use ${path} (${detailOf(asked) ?? code}).`, keyHint);
  if (asked.status === 0)
    throw new Fault('unreachable', `Nothing answers at ${url} (${code}).`, startHint(url));
  if (asked.status === 429 || asked.status === 503)
    throw new Fault('unreachable', `${url} takes no requests now (${code}).`, readyHint(url));
  throw new Fault('unreachable', `What answers at ${url} is no Carillon (${path}: ${code}).`, readyHint(url));
}

function detailOf(asked: Asked): string | undefined {
  const { detail } = Object(asked.body) as { detail?: unknown };
  return typeof detail === 'string' ? detail.replace(/\.$/, '') : undefined;
}

function startHint(url: string): string {
  return isLoopback(new URL(url).hostname) ? 'npm start' : readyHint(url);
}

function readyHint(url: string): string {
  return `curl -i ${url}/openapi.json`;
}

/** Every socket is an open file. @throws Fault where there are too few */
export function checkFiles({ mode, sockets, concurrency }: Plan, filesMax = openFilesMax()): void {
  const needed = (mode === 'send' ? 0 : sockets) + concurrency + ownFiles;
  if (needed <= filesMax) return;
  const sentence = `This shell allows ${filesMax} open files, and ${needed} are needed.`;
  throw new Fault('usage', sentence, `ulimit -n ${needed}`);
}

function openFilesMax(): number {
  // Looking up the names of peers could take long.
  Object.assign(process.report, { excludeNetwork: true });
  const { userLimits } = process.report.getReport() as {
    userLimits?: { open_files?: { soft?: unknown } };
  };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
