/** Times of the catalogue: whole microseconds since 1970, UTC. */

/** Now, in microseconds: finer than a file system needs, and below 2^53 for two centuries. */
export function nowMicros(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1000);
}

/** `2026-11-22T01:36:58.247320`: UTC without a zone, as the contract prints it. */
export function isoMicros(micros: number): string {
  const milliseconds = Math.floor(micros / 1000);
  const rest = String(micros - milliseconds * 1000).padStart(3, "0");
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${rest}`;
}
