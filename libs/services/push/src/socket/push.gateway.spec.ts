// What is decided about a socket before it may say anything.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { foreignOrigin, PushRig, rigOrigin } from './push-rig.fixture.js';

let rig: PushRig;

beforeEach(async () => {
  rig = await PushRig.start();
});

afterEach(() => rig.stop());

describe('before the upgrade', () => {
  it.each([
    ['no subprotocol of ours', ['other'], { origin: rigOrigin }, '400'],
    ['an unknown Origin', ['carillon.v1', 'bearer.t'], { origin: 'https://evil.example' }, '403'],
    [
      'an Origin that differs in case',
      ['carillon.v1', 'bearer.t'],
      { origin: 'https://Shop.example' },
      '403',
    ],
    ['no bearer', ['carillon.v1'], { origin: rigOrigin }, '401'],
    [
      'a browser with a header instead',
      ['carillon.v1'],
      { origin: rigOrigin, authorization: 'Bearer t' },
      '401',
    ],
    ['a cookie only', ['carillon.v1'], { cookie: 'token=t' }, '401'],
  ])('refuses %s', async (...[, protocols, headers, status]) => {
    await expect(rig.device(protocols, headers as Record<string, string>).open()).rejects.toThrow(status);
  });

  it('echoes our subprotocol only', async () => {
    const device = await rig.device().open();
    expect(device.socket.protocol).toBe('carillon.v1');
  });

  it('takes a bearer header from what is not a browser', async () => {
    const device = rig.device(['carillon.v1'], { authorization: 'Bearer t' });
    expect((await device.hello()).user).toBe('42');
  });
});

describe("the token's verdict", () => {
  it.each([
    ['refused', 4001],
    ['expired', 4201],
    ['unknown-key', 4102],
  ] as const)('%s closes with %i although hello was sent', async (kind, code) => {
    rig.verdict = () => ({ verdict: kind, detail: 'because' });
    const device = await rig.device().open();
    device.send({ type: 'hello', instance: 'i', cursors: {}, topics: [] });
    expect(await device.closed).toBe(code);
    expect(device.frames).toEqual([]);
  });

  it('closes 4003 when another tenant owns the Origin', async () => {
    const device = rig.device(undefined, { origin: foreignOrigin });
    expect(await device.closed).toBe(4003);
  });

  it('closes 4201 when the token runs out, and a token frame prevents that', async () => {
    const [one, two] = [rig.device(), rig.device()];
    await one.hello();
    await two.hello({ instance: 'i2' });
    await rig.beat(580_000, one, two);
    two.send({ type: 'token', token: 'newer' });
    await two.frame('token-accepted');
    await rig.beat(60_000, one, two);
    expect(await one.closed).toBe(4201);
    expect(two.isOpen).toBe(true);
  });

  it('does not close for a token while its clock is wrong, and does once it is right', async () => {
    const device = rig.device();
    await device.hello();
    rig.ports.trust.isTrusted = false;
    await rig.beat(660_000, device);
    expect(device.isOpen).toBe(true);
    rig.ports.trust.isTrusted = true;
    await rig.beat(2_000, device);
    expect(await device.closed).toBe(4201);
  });
});
