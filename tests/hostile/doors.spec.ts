// Rows "Origin, CORS", "Token transport", "JWT" and "Producer keys" of the security table against the real
// standalone process: who gets in, and what a stranger learns.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askUpgrade } from '../conformance/handshake.ts';
import { helloWith, Peer } from '../conformance/peer.ts';
import { pageOrigin } from '../conformance/suite.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { forgeries, signed } from './forged-token.ts';
import { ask, otherOrigin, shortKeyMs, startVictim, type Victim } from './victim.ts';

let victim: Victim;
beforeAll(async () => {
  await buildApps();
  victim = await startVictim();
}, buildTimeoutMs);
afterAll(() => victim?.running.remove());

const strangers = [
  'https://evil.example',
  'https://page.example.evil.com',
  'https://evil-page.example',
  'null',
  '',
  'HTTPS://PAGE.EXAMPLE',
  'https://Page.example',
  'https://page.example:443',
  'https://page.example:8443',
  'http://page.example',
  'https://page.example/',
  'https://user@page.example',
  'https://page.example, https://page.example',
  '*',
  '__proto__',
];

describe('Origin', () => {
  it.each(strangers)('"%s" is refused before the upgrade, whatever it shows', async (origin) => {
    const { socketUrl } = victim.target;
    const token = await victim.stage.token('victim');
    const headers = { Origin: origin, 'Sec-WebSocket-Protocol': `carillon.v1, bearer.${token}` };
    expect((await askUpgrade({ socketUrl, token, headers })).status).toBe(403);
  });

  it('of another tenant is let in by its own tokens and closed 4003 with ours', async () => {
    const ours = await victim.stage.token('victim');
    const theirs = await askToken(victim.keys.other, 'victim');
    const open = (token: string) =>
      Peer.connect(victim.stage, {
        token,
        headers: {
          Origin: otherOrigin,
          'Sec-WebSocket-Protocol': `carillon.v1, bearer.${token}`,
          Authorization: null,
        },
      });
    const [refused, accepted] = [await open(ours), await open(theirs)];
    for (const peer of [refused, accepted]) peer.send(helloWith());
    expect(await refused.closeCode()).toBe(4003);
    expect(refused.frames).toEqual([]);
    await accepted.got(({ type }) => type === 'welcome');
    await accepted.end();
  });

  it('needs its token as subprotocol: neither a cookie nor Authorization counts for a page', async () => {
    const { socketUrl } = victim.target;
    const token = await victim.stage.token('victim');
    const shown: Record<string, string>[] = [
      { Cookie: `token=${token}; carillon=${token}` },
      { Authorization: `Bearer ${token}` },
    ];
    for (const one of shown) {
      const headers = { Origin: pageOrigin, ...one };
      expect((await askUpgrade({ socketUrl, headers })).status).toBe(401);
    }
  });

  it('opens no REST route to a page: no answer allows one', async () => {
    const { url } = victim.running;
    const paths = [
      '/v1/messages',
      '/v1/messages/x',
      '/v1/tokens',
      '/.well-known/jwks.json',
      '/',
      '/demo/access',
    ];
    for (const path of paths)
      for (const method of ['OPTIONS', 'GET', 'POST'])
        for (const origin of [pageOrigin, 'https://evil.example']) {
          const headers = { origin, 'access-control-request-method': 'POST' };
          const answer = await ask(url + path, { method, headers });
          const allowed = [...answer.headers.keys()].filter((name) => name.startsWith('access-control-'));
          expect(allowed, `${method} ${path}`).toEqual([]);
        }
  });
});

describe('a token', () => {
  it('is accepted when it is one, or nothing here would mean anything', async () => {
    const token = signed(victim.signingKey);
    const peer = await Peer.open(victim.stage, { token });
    expect(peer.welcome.user).toBe('victim');
    await peer.end();
  });

  it('is refused whatever it forges, and its socket hears nothing but the code', async () => {
    await victim.stage.post('victim', { data: 'secret' });
    const outcomes = await Promise.all(
      forgeries(victim.signingKey).map(async ({ name, token }) => {
        const peer = await Peer.connect(victim.stage, { token });
        peer.send(helloWith({ device: 'd1', cursors: { user: 0 } }));
        const code = await peer.closeCode();
        return `${name}: ${code}${peer.frames.length > 0 ? ' after frames' : ''}`;
      }),
    );
    expect(outcomes).toEqual(forgeries(victim.signingKey).map(({ name, code }) => `${name}: ${code}`));
  });

  it('in the address opens nothing', async () => {
    const { socketUrl } = victim.target;
    const token = await victim.stage.token('victim');
    for (const name of ['token', 'access_token', 'bearer', 'jwt']) {
      const path = `/v1/connect?${name}=${token}`;
      expect((await askUpgrade({ socketUrl, path })).status).toBe(401);
    }
  });

  it('is not echoed: the answer names carillon.v1 alone', async () => {
    const { socketUrl } = victim.target;
    const token = await victim.stage.token('victim');
    const headers = { 'Sec-WebSocket-Protocol': `bearer.${token}, carillon.v1` };
    const answer = await askUpgrade({ socketUrl, headers });
    expect([answer.status, answer.headers['sec-websocket-protocol']]).toEqual([101, 'carillon.v1']);
    expect(JSON.stringify(answer)).not.toContain(token);
  });

  it('is no API key, and an API key is no token', async () => {
    const token = await victim.stage.token('victim');
    expect((await send(token)).status).toBe(401);
    const peer = await Peer.connect(victim.stage, { token: victim.keys.own });
    expect(await peer.closeCode()).toBe(4001);
  });
});

describe('an API key', () => {
  const read = (key: string) => ask(`${victim.running.url}/v1/messages/none`, { key });
  const tokens = (key: string) => ask(`${victim.running.url}/v1/tokens`, { key, body: { user: 'victim' } });

  it('does what its scopes say and nothing else', async () => {
    const { writer, reader, issuer, own } = victim.keys;
    const statuses = async (key: string) => [
      (await send(key)).status,
      (await read(key)).status,
      (await tokens(key)).status,
    ];
    expect(await statuses(own)).toEqual([202, 404, 201]);
    expect(await statuses(writer)).toEqual([202, 403, 403]);
    expect(await statuses(reader)).toEqual([403, 404, 403]);
    expect(await statuses(issuer)).toEqual([403, 403, 201]);
  });

  it('is refused when a single part of it is wrong', async () => {
    const { own, other } = victim.keys;
    const [, id = '', secret = ''] = own.split('_');
    const [, otherId = ''] = other.split('_');
    const wrong = [
      `ck_${id}_${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`,
      `ck_${id}_${secret}x`,
      `ck_${id}_${secret.slice(0, -1)}`,
      `ck_${otherId}_${secret}`,
      `ck_${id}_`,
      `ck_${id}`,
      `CK_${id}_${secret}`,
      `ck_${id.toLowerCase()}_${secret}`,
      `ck___proto___${secret}`,
      `ck_$where_${secret}`,
      '{"$gt":""}',
      'undefined',
      'null',
      `${own},${own}`,
      'x'.repeat(600),
    ];
    for (const key of wrong)
      for (const answer of [await send(key), await read(key), await tokens(key)])
        expect(answer.status, key).toBe(401);
  });

  it('in an address is refused, and is no way in beside a good one', async () => {
    const { own } = victim.keys;
    for (const path of ['/v1/messages/none?key=', '/v1/messages/none?access_token=', '/v1/messages/'])
      for (const key of [undefined, own])
        expect((await ask(`${victim.running.url}${path}${own}`, key ? { key } : {})).status).toBe(401);
  });

  it('counts for nothing once it has expired', async () => {
    // Caches keep a key for at most 5 s, and never beyond its end.
    expect([202, 401]).toContain((await send(victim.keys.short)).status);
    await sleep(shortKeyMs);
    expect((await send(victim.keys.short)).status).toBe(401);
  });
});

function send(key: string) {
  const body = { to: 'user:victim', event: 'hostile' };
  return ask(`${victim.running.url}/v1/messages`, { key, body });
}

async function askToken(key: string, user: string): Promise<string> {
  const answer = await ask(`${victim.running.url}/v1/tokens`, { key, body: { user } });
  return (JSON.parse(answer.text) as { token: string }).token;
}
