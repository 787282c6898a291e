// What of an OpenAPI document a caller could rely on and now cannot. Additions are none. A changed pattern
// cannot be judged by a program and is let through; a new one is not.
import { type JsonObject, OperationFinder } from './operation-finder.ts';
import { Side } from './schema-change.ts';

const methods = ['get', 'put', 'post', 'delete', 'patch'];

/** One sentence for each, with the operation and the place. `after` must allow all that `before` allowed. */
export function breakingChanges(before: JsonObject, after: JsonObject): string[] {
  const documents = { before: new OperationFinder(before), after: new OperationFinder(after) };
  return documents.before.members('/paths').flatMap(([path, item]) =>
    methods
      .filter((method) => method in item)
      .flatMap((method) => {
        const name = `${method.toUpperCase()} ${path}`;
        const pointer = `/paths/${path.replaceAll('/', '~1')}/${method}`;
        if (documents.after.at(pointer) === undefined) return [`${name}: is gone`];
        return operationChanges({ name, pointer, ...documents });
      }),
  );
}

interface Compared {
  readonly name: string;
  readonly pointer: string;
  readonly before: OperationFinder;
  readonly after: OperationFinder;
}

function operationChanges(compared: Compared): string[] {
  return [
    ...nameChanges(compared),
    ...securityChanges(compared),
    ...parameterChanges(compared),
    ...requestChanges(compared),
    ...replyChanges(compared),
  ];
}

function nameChanges({ name, pointer, before, after }: Compared): string[] {
  const old = before.at(pointer)?.value.operationId;
  const now = after.at(pointer)?.value.operationId;
  return old === now ? [] : [`${name}: operationId was ${String(old)}, is ${String(now)}`];
}

/** Any credential that was good must still be: the same scheme, and no scope more. */
function securityChanges({ name, pointer, before, after }: Compared): string[] {
  const demands = (finder: OperationFinder) =>
    (finder.at(pointer)?.value.security ?? []) as readonly Readonly<Record<string, readonly string[]>>[];
  const now = demands(after);
  if (now.length === 0) return [];
  const old = demands(before);
  if (old.length === 0) return [`${name}: now asks for a credential`];
  return old
    .flatMap((demand) => Object.entries(demand))
    .filter(([scheme, scopes]) => !now.some((demand) => isMetBy(demand, scheme, scopes)))
    .map(([scheme, scopes]) => `${name}: ${[scheme, ...scopes].join(' ')} is not enough any more`);
}

function isMetBy(
  demand: Readonly<Record<string, readonly string[]>>,
  scheme: string,
  scopes: readonly string[],
): boolean {
  return demand[scheme]?.every((scope) => scopes.includes(scope)) === true;
}

function parameterChanges({ name, pointer, before, after }: Compared): string[] {
  const old = parametersOf(before, pointer);
  const now = parametersOf(after, pointer);
  const compared = side('request', before, after);
  const changed = [...old].flatMap(([key, { pointer: place }]) => {
    const match = now.get(key);
    if (match === undefined) return [`${name} ${key}: is gone`];
    return compared.changes(`${name} ${key}`, `${place}/schema`, `${match.pointer}/schema`);
  });
  const required = [...now]
    .filter(([key, { isRequired }]) => isRequired && old.get(key)?.isRequired !== true)
    .map(([key]) => `${name} ${key}: is now required`);
  return [...changed, ...required];
}

interface Parameter {
  readonly pointer: string;
  readonly isRequired: boolean;
}

function parametersOf(finder: OperationFinder, pointer: string): Map<string, Parameter> {
  return new Map(
    finder
      .members(`${pointer}/parameters`)
      .map(([, value, place]) => [
        `${String(value.in)} ${String(value.name)}`,
        { pointer: place, isRequired: value.required === true },
      ]),
  );
}

function requestChanges({ name, pointer, before, after }: Compared): string[] {
  const [old, now] = [before.at(`${pointer}/requestBody`), after.at(`${pointer}/requestBody`)];
  if (old === undefined) return now?.value.required === true ? [`${name}: now needs a body`] : [];
  if (now === undefined) return [`${name} request: is gone`];
  return contentChanges(side('request', before, after), `${name} request`, [old.pointer, now.pointer]);
}

function replyChanges({ name, pointer, before, after }: Compared): string[] {
  return before.members(`${pointer}/responses`).flatMap(([status, , old]) => {
    const now = after.at(`${pointer}/responses/${status}`);
    const what = `${name} ${status}`;
    if (now === undefined) return [`${what}: is gone`];
    return [
      ...headerChanges({ name: what, pointer: '', before, after }, [old, now.pointer]),
      ...contentChanges(side('reply', before, after), what, [old, now.pointer]),
    ];
  });
}

function headerChanges({ name, before, after }: Compared, [old, now]: readonly [string, string]): string[] {
  const known = new Map(after.members(`${now}/headers`).map(([header, value]) => [header, value]));
  return before.members(`${old}/headers`).flatMap(([header, value]) => {
    const match = known.get(header);
    if (match === undefined) return [`${name} header ${header}: is gone`];
    const isLost = value.required === true && match.required !== true;
    return isLost ? [`${name} header ${header}: is not always there any more`] : [];
  });
}

function contentChanges(compared: Side, name: string, [old, now]: readonly [string, string]): string[] {
  return compared.before.members(`${old}/content`).flatMap(([type]) => {
    const key = type.replaceAll('/', '~1');
    if (compared.after.at(`${now}/content/${key}`) === undefined) return [`${name} ${type}: is gone`];
    return compared.changes(name, `${old}/content/${key}/schema`, `${now}/content/${key}/schema`);
  });
}

function side(direction: 'request' | 'reply', before: OperationFinder, after: OperationFinder): Side {
  return new Side(direction, before, after);
}
