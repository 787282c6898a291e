// To whom a public path leads: by the Ingresses as Kubernetes matches them, and by the rules of HAProxy. Must
// never guess: a rule that is not understood is an error.
import type { IngressObject } from './manifest.ts';

/** The Service that a path leads to: an exact path first, then the longest prefix, element by element. */
export function ingressService(ingresses: readonly IngressObject[], path: string): string | undefined {
  const all = ingresses.flatMap(({ spec }) => spec.rules.flatMap(({ http }) => http.paths));
  const matching = all.filter((each) => {
    if (each.pathType === 'Exact') return each.path === path;
    if (each.pathType !== 'Prefix') throw new Error(`${each.pathType} is left to the controller: say which`);
    const prefix = each.path.replace(/\/$/, '');
    return path === prefix || path.startsWith(`${prefix}/`);
  });
  const rank = ({ pathType, path: own }: (typeof all)[number]) =>
    pathType === 'Exact' ? Number.POSITIVE_INFINITY : own.length;
  return matching.sort((one, other) => rank(other) - rank(one))[0]?.backend.service.name;
}

/**
 * The backend that HAProxy chooses, of a configuration with `acl`, `http-request return`, `use_backend` and
 * `default_backend`; undefined when it answers by itself.
 */
export function proxyBackend(configuration: string, path: string): string | undefined {
  const lines = configuration.split('\n').map(wordsOf);
  const held = new Set<string>();
  for (const [word, acl = '', ...test] of lines) if (word === 'acl' && isHeld(test, path)) held.add(acl);
  const isMet = (words: readonly string[]) => {
    const conditions = words.includes('if') ? words.slice(words.indexOf('if') + 1) : undefined;
    return conditions?.every((each) => held.has(each.replace('!', '')) !== each.startsWith('!')) === true;
  };
  if (lines.some((words) => words[0] === 'http-request' && words[1] === 'return' && isMet(words)))
    return undefined;
  const chosen = lines.find((words) => words[0] === 'use_backend' && isMet(words));
  return (chosen ?? lines.find(([word]) => word === 'default_backend'))?.[1];
}

function wordsOf(line: string): string[] {
  const words = line.replace(/^\s*#.*/, '').match(/'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^'(.*)'$/, '$1'));
}

function isHeld([sample = '', ...rest]: readonly string[], path: string): boolean {
  const flags = rest.filter((word) => word.startsWith('-')).join(' ');
  const values = rest.filter((word) => !word.startsWith('-') && word !== 'reg');
  const given = sample === 'path,url_dec' ? decodeURIComponent(path) : path;
  const test = `${sample.replace(',url_dec', '')} ${flags}`.trim();
  switch (test) {
    case 'path':
      return values.includes(given);
    case 'path_beg':
      return values.some((value) => given.startsWith(value));
    case 'path -m':
      return values.some((value) => new RegExp(value).test(given));
    case 'path -m -i':
      return values.some((value) => new RegExp(value, 'i').test(given));
    default:
      throw new Error(`the test ${test} is not understood here`);
  }
}
