/** Times of the Control contract: UTC, whole seconds, with a Z. */

/** `2024-01-15T14:30:05Z`; null where there is no time yet. */
export function utc(milliseconds: number | undefined): string | null {
  if (milliseconds === undefined) return null;
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
