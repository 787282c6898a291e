/** Collect: takes messages, makes them durable, then hands them on. */
export { CollectModule } from './collect.module.js';
