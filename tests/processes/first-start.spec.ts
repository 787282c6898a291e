// Proves that real Auth processes which start at once on an empty MongoDB agree on one signing key and one
// admin key, wherever the admin key is to be shown.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { freePort } from '../../tools/services/port.ts';
import { Command } from '../house/command.ts';
import { buildApps, buildTimeoutMs, mainOf } from '../setup/built.ts';

const racing = 3;
const timeout = 60_000;
const mongo = new MongoClient(inject('mongoUrl'));

interface Auth {
  readonly command: Command;
  readonly url: string;
}

let database: string;
let folder: string;

beforeAll(buildApps, buildTimeoutMs);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carillon-race-'));
  database = basename(folder);
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await mongo.db(database).dropDatabase();
});
afterAll(() => mongo.close());

describe('a race for the first start', () => {
  it('ends with one key in the file that all share', { timeout }, async () => {
    const file = join(folder, 'keys/admin-key');
    const auths = await race(() => ({ AUTH_ADMIN_KEY_PATH: file }));
    expect(readdirSync(join(folder, 'keys'))).toEqual(['admin-key']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await expectAgreement(auths, keyIn(file));
  });

  it('ends with one file where each has its own, and its key counts', { timeout }, async () => {
    const files = Array.from({ length: racing }, (_, at) => join(folder, `key-${at}`));
    const auths = await race((at) => ({ AUTH_ADMIN_KEY_PATH: files[at] ?? '' }));
    const left = files.filter((file) => existsSync(file));
    expect(left).toHaveLength(1);
    await expectAgreement(auths, keyIn(left[0] ?? ''));
  });

  it('ends with one key said by one process where there is no file', { timeout }, async () => {
    const auths = await race(() => ({}));
    const outputs = await Promise.all(auths.map(({ command }) => command.said(/[\s\S]*"msg":"listening"/)));
    const keys = outputs.flatMap(([output]) => output.match(/ck_admin_\w+/g) ?? []);
    expect(keys).toHaveLength(1);
    await expectAgreement(auths, keys[0] ?? '');
  });
});

/** Several at once on one database; resolves when all of them listen. */
async function race(envOf: (at: number) => Record<string, string>): Promise<Auth[]> {
  const ports = new Set<number>();
  while (ports.size < racing) ports.add(await freePort());
  const auths = [...ports].map((port, at) => {
    const env = {
      ...{ MONGO_URL: inject('mongoUrl'), MONGO_DATABASE: database, BUS_KIND: 'memory', NATS_URL: '' },
      ...{ CARILLON_HTTP_PORT: String(port), CARILLON_INTERNAL_PORT: '0' },
      ...envOf(at),
    };
    return { command: new Command(mainOf('auth'), { env }), url: `http://127.0.0.1:${port}` };
  });
  // Each is frozen before it opens its store until all are there: otherwise the first is done before the last
  // has begun.
  const frozen = auths.map(async ({ command }) => {
    await command.said(/"msg":"starting"/);
    command.child.kill('SIGSTOP');
  });
  await Promise.all(frozen);
  for (const { command } of auths) command.child.kill('SIGCONT');
  await Promise.all(auths.map(({ command }) => command.said(/"msg":"listening"/)));
  return auths;
}

/** All have the same one signing key and take the admin key, and the store holds one of each. */
async function expectAgreement(auths: readonly Auth[], adminKey: string): Promise<void> {
  const kids = await Promise.all(auths.map(kidsOf));
  expect(kids[0]).toHaveLength(1);
  expect(kids).toEqual(auths.map(() => kids[0]));
  const signers = await Promise.all(auths.map((auth) => signerOf(auth, adminKey)));
  expect(signers).toEqual(auths.map(() => kids[0]?.[0]));
  for (const collection of ['signing_keys', 'api_keys', 'tenants'])
    expect(await mongo.db(database).collection(collection).countDocuments(), collection).toBe(1);
  for (const { command } of auths) command.child.kill('SIGTERM');
  const endings = await Promise.all(auths.map(({ command }) => command.ended));
  expect(endings.map(({ code }) => code)).toEqual(auths.map(() => 0));
}

async function kidsOf({ url }: Auth): Promise<string[]> {
  const answer = await fetch(`${url}/.well-known/jwks.json`);
  return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

/** The id of the key with which this process signs a token. */
async function signerOf({ url }: Auth, adminKey: string): Promise<string> {
  const answer = await fetch(`${url}/v1/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ user: '42' }),
  });
  const text = await answer.text();
  expect(answer.ok, text).toBe(true);
  const [header = ''] = (JSON.parse(text) as { token: string }).token.split('.');
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
}

function keyIn(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
