/** Remembers which methods each route answers, for 405: the router itself only says "not found". */
import type { FastifyInstance, FastifyRequest } from 'fastify';

interface Pattern {
  readonly expression: RegExp;
  readonly methods: Set<string>;
}

const patternsOf = new WeakMap<object, Map<string, Pattern>>();

/** Call before any route is registered. */
export function watchRoutes(fastify: FastifyInstance): void {
  const patterns = new Map<string, Pattern>();
  patternsOf.set(fastify.server, patterns);
  fastify.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const pattern = patterns.get(url) ?? { expression: expressionOf(url), methods: new Set() };
    for (const name of [method].flat()) pattern.methods.add(name);
    patterns.set(url, pattern);
  });
}

/** Methods of the routes that match the request's path; none for an unknown path. */
export function allowedMethods(request: FastifyRequest): string[] {
  const [path = ''] = request.url.split('?');
  const patterns = patternsOf.get(request.server.server) ?? new Map<string, Pattern>();
  const matching = [...patterns.values()].filter(({ expression }) => expression.test(path));
  return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort();
}

/** `/users/:user` as an expression; `::` stands for a colon. Linear: no quantifier inside another. */
function expressionOf(url: string): RegExp {
  const source = url
    .split(/(::|:[A-Za-z0-9_]+)/)
    .map((part) => {
      if (part === '::') return ':';
      return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}
