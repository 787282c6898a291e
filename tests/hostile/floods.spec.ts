// Rows "Memory of ws" and "Floods" of the security table against the real standalone process: what an
// attacker can pin, and what others notice of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { upgraded } from '../conformance/handshake.ts';
import { helloWith, Peer } from '../conformance/peer.ts';
import type { RawSocket } from '../conformance/raw-socket.ts';
import { frameBytes, opcodes, textBytes } from '../conformance/wire-frame.ts';
import { buildApps, buildTimeoutMs } from '../setup/built.ts';
import { Bystander, type Latency } from './crowd.ts';
import { startVictim, type Victim } from './victim.ts';

const mebibyte = 1_048_576;
/** What others may notice; far above what they do on a machine that does nothing else. */
const noticeableMs = 1_500;

let victim: Victim;
beforeAll(async () => {
  await buildApps();
  victim = await startVictim();
}, buildTimeoutMs);
afterAll(() => victim?.running.remove());

/** What a bystander measures while the attack goes on. */
async function during(name: string, attack: () => Promise<void>): Promise<Latency> {
  const bystander = await Bystander.start(victim.stage);
  await attack();
  const latency = await bystander.stop();
  console.log(`${name}: others ${JSON.stringify(latency)}`);
  expect(latency.count).toBeGreaterThan(0);
  expect(latency.medianMs).toBeLessThan(noticeableMs / 3);
  expect(latency.p99Ms).toBeLessThan(noticeableMs);
  return latency;
}

/** So many sockets at once, all of one user. */
async function sockets(count: number, token: string): Promise<RawSocket[]> {
  const { socketUrl } = victim.target;
  const open: RawSocket[] = [];
  for (let at = 0; at < count; at += 50)
    open.push(...(await Promise.all(Array.from({ length: 50 }, () => upgraded({ socketUrl, token })))));
  return open;
}

describe('memory', () => {
  // Each way to leave a frame unfinished, as large as the server will buffer.
  const halves: readonly (readonly [string, readonly Uint8Array[]])[] = [
    [
      'half a frame of 64 KiB',
      [frameBytes({ opcode: opcodes.text, payload: 'x'.repeat(60_000), length: 65_000n })],
    ],
    [
      '15 fragments',
      Array.from({ length: 15 }, (_, at) =>
        frameBytes({ opcode: at === 0 ? 1 : 0, payload: 'x'.repeat(4_000), isFinal: false }),
      ),
    ],
    [
      '16,000 fragments',
      [
        Buffer.concat(
          Array.from({ length: 16_000 }, (_, at) => frameBytes({ opcode: at === 0 ? 1 : 0, isFinal: false })),
        ),
      ],
    ],
  ];
  it.each(halves)(
    'of 1,000 sockets that each sent %s is bounded, and all are closed',
    { timeout: 40_000 },
    async (name, bytes) => {
      const token = await victim.stage.token(victim.stage.newUser());
      const before = victim.running.residentBytes;
      const open = await sockets(1_000, token);
      for (const socket of open) socket.write(...bytes);
      await sleep(1_000);
      const grown = (victim.running.residentBytes - before) / mebibyte;
      console.log(`${name}: ${grown.toFixed(0)} MiB for 1,000 sockets`);
      // 64 KiB each would be 62 MiB; sockets themselves and the garbage of the upgrade come on top.
      expect(grown).toBeLessThan(200);
      const ended = await Promise.all(open.map((socket) => endOf(socket)));
      expect(ended.filter((code) => ![4202, 1008, 1009, 4013].includes(code))).toEqual([]);
    },
  );
});

describe('a flood', () => {
  it('of refused tokens is turned away without others noticing', { timeout: 30_000 }, async () => {
    const { socketUrl } = victim.target;
    const codes = new Set<number>();
    await during('1,000 refused tokens', async () => {
      for (let at = 0; at < 1_000; at += 50)
        await Promise.all(
          Array.from({ length: 50 }, async () => {
            const socket = await upgraded({ socketUrl, token: 'a.b.c' });
            socket.write(textBytes(JSON.stringify(helloWith())));
            codes.add(await endOf(socket));
          }),
        );
    });
    expect([...codes]).toEqual([4001]);
  });

  const floods: readonly (readonly [string, (at: number) => Uint8Array, number])[] = [
    ['acks', () => textBytes('{"type":"ack","log":"user","seq":0}'), 4103],
    [
      'reads',
      () =>
        textBytes(
          `{"type":"read","ids":${JSON.stringify(Array.from({ length: 100 }, () => 'm'.repeat(100)))}}`,
        ),
      4103,
    ],
    ['acks beyond what was sent', (at) => textBytes(`{"type":"ack","log":"user","seq":${at % 2}}`), 4103],
    [
      'deep JSON',
      () =>
        textBytes(`{"type":"call","ref":"r","method":"m","data":${'['.repeat(7_000)}${']'.repeat(7_000)}}`),
      4000,
    ],
  ];
  it.each(floods)(
    'of %s ends its sockets and nobody else’s',
    { timeout: 30_000 },
    async (name, frameOf, code) => {
      const frames = Buffer.concat(Array.from({ length: 2_000 }, (_, at) => frameOf(at)));
      const codes = new Set<number>();
      await during(`20 × 2,000 ${name}`, async () => {
        for (let round = 0; round < 4; round += 1)
          await Promise.all(
            Array.from({ length: 5 }, async () => {
              const peer = await Peer.open(victim.stage);
              peer.write(frames);
              codes.add(await peer.closeCode());
            }),
          );
      });
      // A socket whose flood is still on its way when it is closed may be cut off before the code arrives.
      expect([...codes].filter((one) => one !== code && one !== 0)).toEqual([]);
      expect(codes).toContain(code);
    },
  );

  it('of pings of the WebSocket protocol ends its sockets and nobody else’s', {
    timeout: 30_000,
  }, async () => {
    const pings = Buffer.concat(
      Array.from({ length: 5_000 }, () => frameBytes({ opcode: opcodes.ping, payload: 'p' })),
    );
    const { socketUrl } = victim.target;
    await during('5 × 10,000 pings', async () => {
      const attackers = await Promise.all(
        Array.from({ length: 5 }, async () => {
          const socket = await upgraded({
            socketUrl,
            token: await victim.stage.token(victim.stage.newUser()),
          });
          socket.write(textBytes(JSON.stringify(helloWith())));
          await socket.frame();
          socket.discard();
          return socket;
        }),
      );
      for (let round = 0; round < 2; round += 1) {
        for (const socket of attackers) socket.write(pings);
        await sleep(100);
      }
      const ended = await Promise.all(attackers.map((socket) => socket.endsWithin(5_000)));
      for (const socket of attackers) socket.destroy();
      expect(ended).toEqual(attackers.map(() => true));
    });
  });

  it('of sockets that open and go is not noticed by others', { timeout: 30_000 }, async () => {
    const user = victim.stage.newUser();
    const token = await victim.stage.token(user);
    await during('500 that come and go', async () => {
      for (let at = 0; at < 500; at += 25) {
        const open = await Promise.all(
          Array.from({ length: 25 }, () => upgraded({ socketUrl: victim.target.socketUrl, token })),
        );
        for (const socket of open) {
          socket.write(textBytes(JSON.stringify(helloWith({ device: `d${at}` }))));
          socket.destroy();
        }
      }
    });
  });

  it('of readers that read nothing pins no memory', { timeout: 30_000 }, async () => {
    const users = Array.from({ length: 20 }, () => victim.stage.newUser());
    for (const user of users) await victim.stage.postMany(user, 15, { data: 'x'.repeat(60_000) });
    const before = victim.running.residentBytes;
    const peers = [];
    for (const user of users)
      for (let at = 0; at < 5; at += 1) {
        const peer = await Peer.connect(victim.stage, { user });
        peer.send(helloWith({ instance: `i${at}` }));
        peer.stopReading();
        peers.push(peer);
      }
    await sleep(1_500);
    const grown = (victim.running.residentBytes - before) / mebibyte;
    console.log(`100 sockets that read nothing: ${grown.toFixed(0)} MiB`);
    expect(grown).toBeLessThan(150);
    for (const peer of peers) peer.destroy();
  });
});

/** The close code, 0 where the connection was cut without one. */
async function endOf(socket: RawSocket): Promise<number> {
  try {
    for (;;) {
      const frame = await socket.frame(15_000);
      if (!frame) return 0;
      if (frame.opcode === opcodes.close) return frame.payload.readUInt16BE(0);
    }
  } finally {
    socket.destroy();
  }
}
