// Finds its way in an OpenAPI document: from an address to the operation, from a pointer to what it leads to.
// Follows references by one step, which is all that our documents need.

export type JsonObject = { readonly [member: string]: unknown };

export interface Found {
  readonly value: JsonObject;
  /** Where it stands, after a reference was followed. */
  readonly pointer: string;
}

export interface FoundOperation {
  readonly id: string;
  readonly pointer: string;
}

interface Address {
  readonly expression: RegExp;
  readonly path: string;
  readonly methods: ReadonlyMap<string, string>;
  /** How much of it is no parameter. */
  readonly literal: number;
}

export class OperationFinder {
  readonly #document: JsonObject;
  readonly #addresses: readonly Address[];

  constructor(document: JsonObject) {
    this.#document = document;
    const paths = document.paths as Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
    this.#addresses = Object.entries(paths)
      .map(([path, item]) => ({
        path,
        expression: expressionOf(path),
        methods: new Map(
          Object.entries(item).map(([method, { operationId }]) => [method, String(operationId)]),
        ),
        literal: path.replace(/\{\w+\}/g, '').length,
      }))
      .sort((one, other) => other.literal - one.literal);
  }

  knows(path: string): boolean {
    return this.#addresses.some(({ expression }) => expression.test(path));
  }

  /** The operation of the most particular address; `HEAD` is that of `GET`. */
  find(method: string, path: string): FoundOperation | undefined {
    const name = method.toLowerCase();
    const address = this.#addresses.find(
      ({ expression, methods }) => expression.test(path) && methods.has(name),
    );
    const id = address?.methods.get(name);
    if (address === undefined || id === undefined) return undefined;
    return { id, pointer: `/paths/${escaped(address.path)}/${name}` };
  }

  /** What stands at the pointer, or what it refers to. */
  at(pointer: string): Found | undefined {
    const value = this.#read(pointer);
    if (value === undefined) return undefined;
    if (typeof value.$ref !== 'string') return { value, pointer };
    const target = value.$ref.replace(/^#/, '');
    const referred = this.#read(target);
    return referred === undefined ? undefined : { value: referred, pointer: target };
  }

  /** Members of an object, items of a list, each with the place where it is found; none where nothing is. */
  members(pointer: string): (readonly [name: string, value: JsonObject, pointer: string])[] {
    return Object.keys(this.#read(pointer) ?? {}).flatMap((name) => {
      const found = this.at(`${pointer}/${escaped(name)}`);
      return found === undefined ? [] : [[name, found.value, found.pointer] as const];
    });
  }

  #read(pointer: string): JsonObject | undefined {
    let value: unknown = this.#document;
    for (const part of pointer.split('/').slice(1)) {
      if (typeof value !== 'object' || value === null) return undefined;
      value = (value as JsonObject)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
  }
}

function expressionOf(path: string): RegExp {
  const source = path
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith('{') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  return new RegExp(`^${source}$`);
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
