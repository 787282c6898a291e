// How the harness's mains change a port: the same object with some of its parts exchanged.
export function replacing<T extends object>(inner: T, parts: Partial<T>): T {
  return new Proxy(inner, {
    get(target, name) {
      const part: unknown = Reflect.get(name in parts ? parts : target, name);
      return typeof part === 'function' && !(name in parts) ? part.bind(target) : part;
    },
  });
}
