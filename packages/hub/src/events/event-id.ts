/** Public ids of events: `evt_` and 8 hex digits that look random, yet are the sequence number in disguise. */

/** The finaliser of MurmurHash3 without its last step: a bijection of 32 bits, so two numbers never share an id. */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The same backwards: the multipliers are the inverses modulo 2^32. */
function unmix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7ed1b41d);
  x = Math.imul(x ^ (x >>> 13) ^ (x >>> 26), 0xa5cb9243);
  return (x ^ (x >>> 16)) >>> 0;
}

/** The id of a sequence number. */
export function eventId(seq: number): string {
  return `evt_${mix(seq).toString(16).padStart(8, "0")}`;
}

/** The sequence number of an id; undefined for what is none. */
export function sequenceOf(id: string): number | undefined {
  const digits = /^evt_([0-9a-f]{8})$/.exec(id)?.[1];
  return digits === undefined ? undefined : unmix(Number.parseInt(digits, 16));
}
