// RFC 6902 as far as our overlays use it: add, replace, remove. Must never let an operation pass that has
// nothing to work on.

export interface Operation {
  readonly op: string;
  /** RFC 6901. */
  readonly path: string;
  readonly value?: unknown;
}

/** A copy with the operations done in their order. @throws when one has no place to work on */
export function patched<T extends object>(object: T, operations: readonly Operation[]): T {
  const copy = structuredClone(object);
  for (const operation of operations) apply(copy, operation);
  return copy;
}

function apply(root: object, operation: Operation): void {
  const keys = operation.path.split('/').slice(1);
  const names = keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = names.pop() ?? '';
  let parent: unknown = root;
  for (const name of names) parent = isObject(parent) ? Reflect.get(parent, name) : undefined;
  if (!isObject(parent)) throw new Error(`${operation.path} leads nowhere`);
  if (operation.op !== 'add' && !Object.hasOwn(parent, last))
    throw new Error(`${operation.path} is not there to ${operation.op}`);
  change(parent, last, operation);
}

function change(parent: object, key: string, { op, value }: Operation): void {
  const isList = Array.isArray(parent);
  if (op === 'remove' && isList) parent.splice(Number(key), 1);
  else if (op === 'remove') Reflect.deleteProperty(parent, key);
  else if (op === 'add' && isList) parent.splice(key === '-' ? parent.length : Number(key), 0, value);
  else if (op === 'add' || op === 'replace') Reflect.set(parent, key, structuredClone(value));
  else throw new Error(`the operation ${op} is not done here`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
