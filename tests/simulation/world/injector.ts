/**
 * Makes a service of its Nest module's own list of providers, without Nest: what is made of what comes from
 * the same decorators. Makes each thing once, when it is first asked for.
 */

/** What a module says of itself, as far as it is needed here. */
export interface ModuleFacts {
  readonly providers?: readonly unknown[];
}

/** What the decorators of Nest's classes have noted; they bring the method along. */
const metadata = Reflect as unknown as { getMetadata(key: string, of: unknown): unknown };

type Token<T = unknown> = (abstract new (...values: never[]) => T) & { readonly name: string };
type Made = new (...values: unknown[]) => unknown;

export class Injector {
  readonly #values = new Map<unknown, unknown>();
  readonly #classes = new Set<unknown>();

  constructor({ providers = [] }: ModuleFacts) {
    for (const provider of providers) this.#note(provider);
  }

  get<T>(token: Token<T>): T {
    if (this.#values.has(token)) return this.#values.get(token) as T;
    if (!this.#classes.has(token)) throw new Error(`${token.name} is not a provider of the module`);
    const parts = (metadata.getMetadata('design:paramtypes', token) ?? []) as readonly Token[];
    const made = new (token as unknown as Made)(...parts.map((part) => this.get(part)));
    this.#values.set(token, made);
    return made as T;
  }

  #note(provider: unknown): void {
    if (typeof provider === 'function') {
      this.#classes.add(provider);
      return;
    }
    const facts = provider as { readonly provide: unknown; readonly useValue?: unknown };
    if (!('useValue' in facts)) throw new Error('a kind of provider that the simulation does not know');
    this.#values.set(facts.provide, facts.useValue);
  }
}
