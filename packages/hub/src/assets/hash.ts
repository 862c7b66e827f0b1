/** How contents are named: `blake3:` and 64 lower-case hex digits. */

const PATTERN = /^blake3:([0-9a-f]{64})$/;
export const HASH_PREFIX = "blake3:";

/** The hash in its one spelling, or `undefined` when the text is none. */
export function parseHash(text: string): string | undefined {
  const lower = text.trim().toLowerCase();
  return PATTERN.test(lower) ? lower : undefined;
}

/** The 64 hex digits of a hash. */
export function hexOf(hash: string): string {
  return hash.slice(HASH_PREFIX.length);
}
