import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveConnections } from "./live-connections.ts";

test("connections of a key end once, and those that ended by themselves not at all", () => {
  const live = new LiveConnections();
  const ended: string[] = [];
  const forget = live.add("a", () => ended.push("forgotten"));
  live.add("a", () => ended.push("open"));
  live.add("b", () => ended.push("other"));
  forget();
  live.end("a");
  live.end("a");
  forget();
  assert.deepEqual(ended, ["open"]);
});
