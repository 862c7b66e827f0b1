import assert from "node:assert/strict";
import { test } from "node:test";
import { Throttle } from "./throttle.ts";

test("ten wrong keys close an address for the rest of the minute, and only that address", () => {
  let now = 0;
  const throttle = new Throttle(() => now);
  for (let count = 0; count < 10; count += 1) {
    assert.equal(throttle.waitSeconds("a"), 0);
    throttle.failed("a");
  }
  assert.equal(throttle.waitSeconds("a"), 60);
  assert.equal(throttle.waitSeconds("b"), 0);
  now = 59_000;
  assert.equal(throttle.waitSeconds("a"), 1);
  now = 60_000;
  assert.equal(throttle.waitSeconds("a"), 0);
  throttle.failed("a");
  assert.equal(throttle.waitSeconds("a"), 0, "a new minute begins with one");
});

test("the right key makes the wrong ones forgotten", () => {
  const throttle = new Throttle(() => 0);
  for (let count = 0; count < 9; count += 1) throttle.failed("a");
  throttle.passed("a");
  throttle.failed("a");
  assert.equal(throttle.waitSeconds("a"), 0);
});

test("a flood of addresses does not fill the memory", () => {
  const throttle = new Throttle(() => 0);
  for (let count = 0; count < 10; count += 1) throttle.failed("first");
  for (let address = 0; address < 10_000; address += 1) throttle.failed(String(address));
  assert.equal(throttle.waitSeconds("first"), 0, "the oldest is forgotten");
});
