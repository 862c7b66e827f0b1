/** Sockets and streams that stay open: they end when the key that opened them is revoked. */
export class LiveConnections {
  readonly #ends = new Map<string, Set<() => void>>();

  /** Calls `end` when the key is revoked. Gives the function that forgets the connection, for when it ends by itself. */
  add(keyId: string, end: () => void): () => void {
    const ends = this.#ends.get(keyId) ?? new Set();
    this.#ends.set(keyId, ends.add(end));
    return () => {
      if (ends.delete(end) && ends.size === 0 && this.#ends.get(keyId) === ends) this.#ends.delete(keyId);
    };
  }

  /** Ends all connections of a key. */
  end(keyId: string): void {
    const ends = this.#ends.get(keyId) ?? [];
    this.#ends.delete(keyId);
    for (const end of ends) end();
  }
}
