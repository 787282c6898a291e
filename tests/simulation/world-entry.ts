/** What a worker loads: the bundle of the simulated world begins here. */
export { type RunResult, runSeed } from './run/run.js';
