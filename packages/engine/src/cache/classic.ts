/** The classic cache: what the new prompt does not contain is dropped. */
import type { CacheKey, NodeResult, ResultCache } from "./result-cache.ts";

class Scope {
  readonly results = new Map<string, NodeResult>();
  /** scopes of expansions of this scope's nodes */
  readonly inner = new Set<string>();
}

export class ClassicCache implements ResultCache {
  readonly #scopes = new Map<string, Scope>();

  enter(scope: string, signatures: ReadonlySet<string>, innerScopes: ReadonlySet<string>): void {
    const entered = this.#scope(scope);
    for (const signature of entered.results.keys()) {
      if (!signatures.has(signature)) entered.results.delete(signature);
    }
    for (const name of entered.inner) if (!innerScopes.has(name)) this.#drop(entered, name);
    for (const name of innerScopes) entered.inner.add(name);
  }

  get({ scope, signature }: CacheKey): NodeResult | undefined {
    return this.#scopes.get(scope)?.results.get(signature);
  }

  set({ scope, signature }: CacheKey, result: NodeResult): void {
    this.#scope(scope).results.set(signature, result);
  }

  afterNode(): void {
    // Nothing is evicted within a prompt.
  }

  clear(): void {
    this.#scopes.clear();
  }

  #scope(name: string): Scope {
    let scope = this.#scopes.get(name);
    if (scope === undefined) {
      scope = new Scope();
      this.#scopes.set(name, scope);
    }
    return scope;
  }

  /** Removes a scope with all below it; loops nest as deep as they have turns, hence no recursion. */
  #drop(parent: Scope, name: string): void {
    parent.inner.delete(name);
    const waiting = [name];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const scope = this.#scopes.get(next);
      if (scope === undefined) continue;
      waiting.push(...scope.inner);
      this.#scopes.delete(next);
    }
  }
}
