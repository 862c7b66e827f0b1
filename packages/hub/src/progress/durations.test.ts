import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { openSqliteStore } from "@hearth/jobs";
import type { JsonObject } from "@hearth/protocol";
import { Durations } from "./durations.ts";

const graph = (ids: [string, string], seed: number): JsonObject => ({
  [ids[0]]: { class_type: "KSampler", inputs: { seed } },
  [ids[1]]: { class_type: "Save", inputs: { images: [ids[0], 0] } },
});

test("what was learned of a shape is kept, and holds for the same graph with other values and ids", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-durations-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const first = new Durations(store.documents);
  const prompt = graph(["1", "2"], 5);
  assert.equal(first.of(prompt)("1"), undefined);
  first.learn(prompt, { "1": 10_000, "2": 100, "1.0.0.1": 2_000 });
  assert.equal(first.of(prompt)("1"), 12_000, "with what it made");
  first.learn(prompt, { "1": 8_000 });
  assert.equal(first.of(prompt)("1"), 10_000, "half of it is the newest run");
  assert.equal(first.of(prompt)("2"), 100, "a cached node teaches nothing");
  first.learn(prompt, { "1": 3 });
  assert.equal(first.of(prompt)("1"), 10_000, "too quick to matter");
  await first.save();

  const second = new Durations(store.documents);
  await second.load();
  assert.equal(second.of(graph(["1", "2"], 99))("1"), 10_000, "another seed");
  assert.equal(second.of(graph(["7", "8"], 99))("7"), 10_000, "other ids");
  assert.equal(second.of({ "1": { class_type: "Other", inputs: {} } })("1"), undefined);
});
