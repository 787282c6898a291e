/**
 * What stands for a port that a process has no use for:
 * asking it is a mistake in a module, and is said at once.
 */
import type { RouteTable, Store } from '@carillon/domain/ports';

/** A store of which every role throws. */
export function unopenedStore(): Store {
  return unopened<Store>('store');
}

/** Routes of which every method throws. */
export function unopenedRoutes(): RouteTable {
  return unopened<RouteTable>('route table');
}

function unopened<P extends object>(port: string): P {
  return new Proxy({} as P, {
    get(_target, member) {
      if (member === 'close') return () => Promise.resolve();
      // Nest looks for `then` and for the names of its hooks on everything that it is given.
      if (typeof member === 'symbol' || /^(then|constructor|on[A-Z].*|before[A-Z].*)$/.test(member))
        return undefined;
      throw new Error(
        `no ${port} was opened for these services: add them to portUsers before asking for ${member}`,
      );
    },
  });
}
