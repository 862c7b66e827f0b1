/**
 * Signatures of the Standard Webhooks scheme: HMAC-SHA256 over `id.timestamp.body` under a secret `whsec_<base64>`.
 * After a rotation the secret before signs too, for a day, so that receivers can change theirs in peace.
 */
import { createHmac, randomBytes } from "node:crypto";

const PREFIX = "whsec_";
const BYTES = 32;
const OVERLAP_MS = 24 * 3600 * 1000;

export interface Secrets {
  readonly current: string;
  readonly previous?: string;
  /** UTC milliseconds until which `previous` signs */
  readonly previousUntil?: number;
}

function newSecret(): string {
  return PREFIX + randomBytes(BYTES).toString("base64");
}

export function newSecrets(): Secrets {
  return { current: newSecret() };
}

export function rotated(secrets: Secrets, now = Date.now()): Secrets {
  return { current: newSecret(), previous: secrets.current, previousUntil: now + OVERLAP_MS };
}

export interface SignedParts {
  readonly id: string;
  /** Unix seconds */
  readonly timestamp: number;
  readonly body: string;
}

/** The `webhook-…` headers of a delivery. */
export function webhookHeaders(
  secrets: Secrets,
  parts: SignedParts,
  now = Date.now(),
): Record<string, string> {
  const { current, previous, previousUntil = 0 } = secrets;
  const signing = previous !== undefined && now < previousUntil ? [current, previous] : [current];
  return {
    "webhook-id": parts.id,
    "webhook-timestamp": String(parts.timestamp),
    "webhook-signature": signing.map((secret) => `v1,${signature(secret, parts)}`).join(" "),
  };
}

function signature(secret: string, { id, timestamp, body }: SignedParts): string {
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
}
