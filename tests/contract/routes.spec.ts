// The table of operations has a row for every route that there is, and no other.
import { apiScopes, errorsOf, type Operation, operations } from '@carillon/api';
import { scopes } from '@carillon/domain';
import { errorCodes } from '@carillon/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Served, type Service, serve, templateOf } from './real-routes.ts';

const services: readonly Service[] = ['auth', 'collect'];

/** What is missing on either side, as sentences. */
function differences(service: Service, routes: readonly string[], table: readonly Operation[]): string[] {
  const rows = table.filter((row) => row.service === service).map(routeOf);
  return [
    ...routes
      .filter((route) => !rows.includes(route))
      .map((route) => `${service} serves ${route}: add its row to libs/api/src/operations-….ts`),
    ...rows
      .filter((row) => !routes.includes(row))
      .map((row) => `the row ${row} is served by no controller of ${service}`),
  ];
}

function routeOf({ method, path }: Operation): string {
  return `${method.toUpperCase()} ${path}`;
}

describe.each(services)('%s', (service) => {
  let served: Served;
  beforeAll(async () => {
    served = await serve(service);
  });
  afterAll(() => served?.stop());

  it('serves what the table says, and nothing else', () => {
    expect(served.routes.length).toBeGreaterThan(1);
    expect(differences(service, served.routes, operations)).toEqual([]);
  });

  it('would be found out with a route or a row too many', () => {
    const [row, ...others] = operations.filter((each) => each.service === service);
    expect(differences(service, served.routes, others)).toEqual([
      `${service} serves ${routeOf(row as Operation)}: add its row to libs/api/src/operations-….ts`,
    ]);
    const invented: Operation = { ...(row as Operation), path: '/v1/nothing' };
    expect(differences(service, served.routes, [...operations, invented])).toEqual([
      `the row ${routeOf(invented)} is served by no controller of ${service}`,
    ]);
  });
});

describe('the table', () => {
  it('knows colons and parameters as the router writes them', () => {
    expect(templateOf('/v1/messages::batch')).toBe('/v1/messages:batch');
    expect(templateOf('/v1/users/:user::disconnect')).toBe('/v1/users/{user}:disconnect');
  });

  it('names each operation once', () => {
    const ids = operations.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('knows the scopes that keys have, and no others', () => {
    expect(Object.keys(apiScopes).toSorted()).toEqual([...scopes].toSorted());
  });

  it('refuses only with codes that wire has', () => {
    const unknown = operations.flatMap((row) => errorsOf(row).filter((code) => !(code in errorCodes)));
    expect(unknown).toEqual([]);
  });

  it('has an example of every body, and each is valid', () => {
    for (const { id, request, replies } of operations) {
      if (request) expect(request.schema.safeParse(request.example).error, id).toBeUndefined();
      for (const [status, { schema, example }] of Object.entries(replies)) {
        if (example !== undefined)
          expect(schema?.safeParse(example).error, `${id} ${status}`).toBeUndefined();
      }
    }
  });
});
