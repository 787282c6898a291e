/** Load on a system that is not this machine needs a word of its owner. Must never take silence for a yes. */
import type { Desk } from '../desk.js';
import { Fault } from '../fault.js';
import type { Plan } from './plan.js';

/** Resolves where the load is on this machine, or somebody has said yes. @throws Fault */
export async function askConsent(plan: Plan, isYes: boolean, desk: Desk): Promise<void> {
  const { hostname } = new URL(plan.url);
  if (isLoopback(hostname) || isYes) return;
  const what = `This puts load on ${hostname}, which is not this machine: ${loadOf(plan)}.`;
  const answer = await desk.ask(`${what} May you do that, and go on?`);
  if (answer === true) return;
  const sentence = answer === undefined ? what : 'Nothing was done.';
  throw new Fault('usage', sentence, `carillon bench --url ${plan.url} --yes`);
}

/** This machine by number or by the name that is always it. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function loadOf({ mode, sockets, rate }: Plan): string {
  const speed = rate === 'max' ? 'as many messages as it takes' : `${rate} messages per second`;
  if (mode === 'send') return speed;
  return mode === 'connect' ? `${sockets} sockets` : `${sockets} sockets and ${speed}`;
}
