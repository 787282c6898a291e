/** The bus over NATS. The only lib that knows its driver. */
export { NatsBus, type NatsBusOptions } from './nats-bus.js';
export { PayloadTooLarge } from './payload-too-large.js';
