import assert from "node:assert/strict";
import { test } from "node:test";
import { packPreview, unpackPreview } from "./link.ts";

test("a preview travels whole, and a frame that is cut short is refused", () => {
  const frame = packPreview('{"ä": 1}', Buffer.from([1, 2, 3]));
  const { head, bytes } = unpackPreview(frame);
  assert.equal(head, '{"ä": 1}');
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.throws(() => unpackPreview(frame.subarray(0, 8)), RangeError);
});
