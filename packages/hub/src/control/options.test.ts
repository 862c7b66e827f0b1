import assert from "node:assert/strict";
import { test } from "node:test";
import { CONTROL_DEFAULTS, ControlOptionError, controlOptions } from "./options.ts";

test("C-28 interval and maximum are 2 s and 120, and can be set", () => {
  const { intervalMs, maxUpdates } = controlOptions({});
  assert.deepEqual([intervalMs, maxUpdates], [2000, 120]);
  assert.deepEqual(controlOptions({}), CONTROL_DEFAULTS);
  const set = controlOptions({
    HEARTH_CONTROL_INTERVAL_MS: "50",
    HEARTH_CONTROL_MAX_UPDATES: "3",
    HEARTH_PUBLIC_URL: "https://hearth.example/",
    HEARTH_WEBHOOK_RETRY_MS: "10,20",
    HEARTH_WEBHOOKS_TO_PRIVATE: "1",
  });
  assert.deepEqual([set.intervalMs, set.maxUpdates, set.webhooksToPrivate], [50, 3, true]);
  assert.deepEqual([set.publicUrl, set.webhookRetryMs], ["https://hearth.example", [10, 20]]);
});

test("a value that cannot be is refused by name", () => {
  for (const [name, value] of [
    ["HEARTH_CONTROL_INTERVAL_MS", "0"],
    ["HEARTH_CONTROL_MAX_UPDATES", "many"],
    ["HEARTH_PUBLIC_URL", "ftp://x"],
    ["HEARTH_WEBHOOK_RETRY_MS", "5,soon"],
  ] as const) {
    assert.throws(
      () => controlOptions({ [name]: value }),
      (error) => error instanceof ControlOptionError && error.message.startsWith(`${name} is '${value}'`),
    );
  }
});
