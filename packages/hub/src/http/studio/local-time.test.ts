import assert from "node:assert/strict";
import { test } from "node:test";
import { localTime, zoneFrom } from "./local-time.ts";

test("S-4 the wall clock of Rome, over both clock changes", () => {
  assert.equal(
    localTime(Date.UTC(2026, 2, 24, 13, 30, 52, 999)),
    "2026-03-24T14:30:52",
    "winter, cut to seconds",
  );
  assert.equal(localTime(Date.UTC(2026, 2, 29, 0, 59, 59)), "2026-03-29T01:59:59");
  assert.equal(localTime(Date.UTC(2026, 2, 29, 1, 0, 0)), "2026-03-29T03:00:00", "an hour is left out");
  assert.equal(localTime(Date.UTC(2026, 9, 25, 0, 30)), "2026-10-25T02:30:00");
  assert.equal(localTime(Date.UTC(2026, 9, 25, 1, 30)), "2026-10-25T02:30:00", "an hour comes twice");
  assert.equal(localTime(Date.UTC(2026, 11, 31, 23, 0)), "2027-01-01T00:00:00", "midnight is 00");
});

test("other zones, and names that are none", () => {
  assert.equal(localTime(0, "America/New_York"), "1969-12-31T19:00:00");
  assert.equal(localTime(0, "Asia/Kathmandu"), "1970-01-01T05:30:00");
  assert.equal(zoneFrom(undefined), "Europe/Rome");
  assert.equal(zoneFrom(" "), "Europe/Rome");
  assert.equal(zoneFrom("UTC"), "UTC");
  assert.equal(zoneFrom("Mars/Olympus"), undefined);
});
