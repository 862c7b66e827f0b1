import assert from "node:assert/strict";
import { test } from "node:test";
import { newSecrets, rotated, webhookHeaders } from "./secrets.ts";

// The example of the Standard Webhooks specification.
const EXAMPLE = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1614265330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

test("a signature is the one of the Standard Webhooks scheme", () => {
  const { id, timestamp, body, secret } = EXAMPLE;
  assert.deepEqual(webhookHeaders({ current: secret }, { id, timestamp, body }), {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": EXAMPLE.signature,
  });
});

test("after a rotation both secrets sign for a day", () => {
  const first = newSecrets();
  assert.match(first.current, /^whsec_[A-Za-z0-9+/]{43}=$/);
  const now = 1_700_000_000_000;
  const second = rotated(first, now);
  assert.notEqual(second.current, first.current);
  const { id, timestamp, body } = EXAMPLE;
  const signatures = (at: number): string[] =>
    (webhookHeaders(second, { id, timestamp, body }, at)["webhook-signature"] ?? "").split(" ");
  const old = webhookHeaders(first, { id, timestamp, body })["webhook-signature"];
  assert.equal(signatures(now + 1000).length, 2);
  assert.equal(signatures(now + 1000)[1], old);
  assert.equal(signatures(now + 25 * 3600 * 1000).length, 1);
});
