// `npm run conformance -- --url ws://…/v1/connect`: plays every case on a server that runs somewhere, and
// prints what came out. The key comes from CARILLON_KEY, never from an argument. Exits with 1 when a case
// failed.
import { parseArgs } from 'node:util';
import { allCases } from './all-cases.ts';
import { playAll, resultTable } from './conformance-case.ts';
import { givenTarget } from './given-target.ts';
import { Stage } from './stage.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    /** Where `/v1/messages` is; the host of the url unless given. */
    collect: { type: 'string' },
    /** Where `/v1/tokens` is; the host of the url unless given. */
    auth: { type: 'string' },
    /** One that the key's tenant allows. */
    origin: { type: 'string' },
    /** Plays the cases of `all` as well, whose messages every user of the tenant gets. */
    everybody: { type: 'boolean' },
    /** A part of the names of the cases to be played. */
    only: { type: 'string' },
  },
});

const target = givenTarget({
  url: values.url ?? process.env.CARILLON_URL,
  key: process.env.CARILLON_KEY,
  collectUrl: values.collect,
  authUrl: values.auth,
  origin: values.origin,
  mayReachEverybody: values.everybody,
});
if (typeof target === 'string') {
  console.error(target);
  process.exit(2);
}
const cases = allCases.filter(({ group, name }) => `${group} ${name}`.includes(values.only ?? ''));
const stage = new Stage(target);
console.log(`${cases.length} cases; users are named conformance-${stage.run}-…; this takes about 50 s.`);
const results = await playAll(stage, cases);
console.log(resultTable(target.name, results));
process.exit(results.length > 0 && results.every(({ verdict }) => verdict !== 'failed') ? 0 : 1);
