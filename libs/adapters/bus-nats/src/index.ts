export { NatsBus, type NatsBusOptions } from './nats-bus.js';
export { PayloadTooLarge } from './payload-too-large.js';
