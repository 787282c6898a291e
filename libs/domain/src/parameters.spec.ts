/** Relations between limits on which the delivery rests. */
import { limits } from '@carillon/wire';
import { expect, it } from 'vitest';
import { parameters } from './parameters.js';

it('nests the time-outs from node to dispatch to collect', () => {
  expect(parameters.pushTimeoutMs).toBeLessThan(parameters.dispatchAnswerMs);
  expect(parameters.dispatchAnswerMs).toBeLessThan(parameters.dispatchTimeoutMs);
  expect(parameters.writeTimeoutMs).toBeLessThan(parameters.appendDeadlineMs);
});

it('renews a lease three times before it runs out, and hears a Dispatch as often', () => {
  expect(parameters.leaseRenewMs * 3).toBeLessThan(parameters.leaseTtlMs);
  expect(parameters.dispatchAnnounceMs * 3).toBeLessThanOrEqual(parameters.dispatchHeardMs);
  expect(parameters.routeReclaimMs * 3).toBeLessThanOrEqual(parameters.routeTtlMs);
});

it('keeps the same window as the client', () => {
  expect(parameters.ackWindow).toBe(limits.ackWindow);
  expect(parameters.ackWindowBytes).toBe(limits.ackWindowBytes);
  expect(parameters.heartbeatMs).toBe(limits.heartbeatMs);
  expect(parameters.helloTimeoutMs).toBe(limits.helloTimeoutMs);
});

it('closes a slow consumer only after its handler has had its time', () => {
  expect(parameters.ackTimeoutMs).toBeGreaterThan(limits.handlerTimeoutMs);
});
