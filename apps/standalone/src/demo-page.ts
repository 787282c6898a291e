/** The files of the demo page, read once at start: a request can only name one of them, never a path. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HttpInstance } from '@carillon/wiring';

interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly bytes: Buffer;
}

/** A folder with more is not the demo. */
const filesMax = 200;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};

/** No script but the page's own, no frame around it, nothing sent elsewhere. */
const headers = {
  'content-security-policy': [
    "default-src 'self'",
    "img-src 'self' data:",
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

const notBuilt =
  'The demo page is not built: run npm run build, then start again. The API works without it.\n';

/** Adds one route per file, `/` for index.html. */
export async function servePage(fastify: HttpInstance, folder: URL): Promise<void> {
  const files = await filesIn(fileURLToPath(folder));
  if (!files.some(({ path }) => path === '/')) {
    fastify.get('/', (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').send(notBuilt));
  }
  for (const { path, type, bytes } of files) {
    fastify.get(path, (_request, reply) => reply.headers(headers).type(type).send(bytes));
  }
}

async function filesIn(folder: string): Promise<PageFile[]> {
  let names: string[];
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    names = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch {
    // Not built: the API is there all the same.
    return [];
  }
  return Promise.all(
    names.slice(0, filesMax).map(async (name) => fileAt(folder, name, await readFile(name))),
  );
}

function fileAt(folder: string, name: string, bytes: Buffer): PageFile {
  const path = `/${relative(folder, name).split(sep).join('/')}`;
  const type = types[extname(name)] ?? 'application/octet-stream';
  return { path: path === '/index.html' ? '/' : path, type, bytes };
}
