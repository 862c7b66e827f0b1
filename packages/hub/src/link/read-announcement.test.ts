import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "@hearth/protocol";
import { checkAnnouncement } from "./read-announcement.ts";

const GOLDEN = fileURLToPath(new URL("../../../../tests/golden/object_info.json", import.meta.url));

function announcement(infos: JsonValue[], over: JsonObject = {}): JsonObject {
  return { type: "nodes", classes: infos.map((info) => ({ info })), packs: [], ...over };
}

function kept(message: JsonObject): JsonValue[] {
  checkAnnouncement(message);
  return message["classes"] as JsonValue[];
}

test("every class of a recorded ComfyUI is taken", () => {
  const infos = parseJson(readFileSync(GOLDEN, "utf8"));
  assert.ok(isJsonObject(infos));
  const all = Object.values(infos);
  assert.equal(kept(announcement(all)).length, all.length);
});

test("a class that nobody can read is left out, the others stay", () => {
  const good: JsonObject = {
    ...{
      name: "Good",
      input: { required: { x: ["INT", {}], y: [["a", "b"]] } },
      input_order: { required: ["x"] },
    },
    ...{ output: ["IMAGE", ["a"]], output_is_list: [false, false], output_name: ["IMAGE", "a"] },
  };
  const bad: JsonValue[] = [
    { ...good, name: "" },
    { ...good, input: { required: { x: "INT" } } },
    { ...good, input: { required: { x: [3] } } },
    { ...good, input: { optional: { x: ["INT", "options"] } } },
    { ...good, input: [] },
    { ...good, input_order: { required: "x" } },
    { ...good, output: null },
    { ...good, output: [1] },
    { ...good, output_name: "IMAGE" },
    null,
  ];
  const classes = kept(announcement([bad[0] as JsonValue, good, ...bad.slice(1)]));
  assert.deepEqual(classes, [{ info: good }]);
});

test("what else is wrong is named", () => {
  for (const [over, expected] of [
    [{ classes: {} }, /classes must be a list/],
    [{ packs: [{ name: "p" }] }, /folder of a pack/],
    [{ models: [] }, /models must be/],
    [{ models: { loras: "x" } }, /models must be lists/],
    [{ extensions: [1] }, /extensions must be/],
  ] as const) {
    assert.throws(() => checkAnnouncement(announcement([], over as JsonObject)), expected);
  }
  const message = announcement([], {
    extensions: ["/extensions/a/b.js", "/other.js", "http://x/extensions/"],
  });
  checkAnnouncement(message);
  assert.deepEqual(message["extensions"], ["/extensions/a/b.js"]);
});
