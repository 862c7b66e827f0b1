import assert from "node:assert/strict";
import { test } from "node:test";
import { saidName } from "./said-name.ts";

test("the name that a server gives a file, encoded, quoted or plain", () => {
  for (const [header, name] of [
    ["attachment; filename=\"a b.bin\"; filename*=UTF-8''caf%C3%A9.bin", "café.bin"],
    ['attachment; filename="say \\"hi\\".bin"', 'say "hi".bin'],
    ["attachment; filename=plain.bin", "plain.bin"],
    ["attachment; filename*=UTF-8''%ff; filename=other.bin", "other.bin"],
    ["inline", undefined],
  ] as const) {
    assert.equal(saidName({ "content-disposition": header }), name);
  }
  assert.equal(saidName({}), undefined);
});
