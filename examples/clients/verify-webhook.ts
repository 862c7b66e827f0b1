/** Checks webhooks by the Standard Webhooks scheme. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** Older messages may be somebody's recording. */
const TOLERANCE_SECONDS = 300;

export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** as it arrived, before it is parsed */
  readonly body: string;
}

/** True when `secret` (`whsec_…`) signed the request, not long ago. */
export function isGenuine({ headers, body }: WebhookRequest, secret: string, now = Date.now()): boolean {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(
    (name) => headers[name],
  );
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signatures !== "string") return false;
  if (Math.abs(now / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  // Several secrets sign while one is being changed.
  return signatures.split(" ").some((signature) => {
    const given = Buffer.from(signature.replace(/^v1,/, ""), "base64");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
