import assert from "node:assert/strict";
import { test } from "node:test";
import type { Asset } from "./asset.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { AssetError } from "./errors.ts";
import { isoMicros, nowMicros } from "./times.ts";

const ASSET = { id: "id-1", name: 'na"me ü', size: 5, createdAt: 1_795_570_000_123_456 } as Asset;

function encoded(payload: unknown): string {
  return Buffer.from(JSON.stringify(payload)).toString("base64url");
}

test("a cursor is what the contract says, and comes back", () => {
  const cursor = encodeCursor(ASSET, "created_at", "desc");
  assert.equal(
    Buffer.from(cursor, "base64url").toString(),
    '{"s":"created_at","v":"1795570000123456","id":"id-1","o":"desc"}',
  );
  assert.deepEqual(decodeCursor(cursor, "created_at", "desc"), { value: ASSET.createdAt, id: "id-1" });
  const byName = encodeCursor(ASSET, "name", "asc");
  assert.deepEqual(decodeCursor(byName, "name", "asc"), { value: ASSET.name, id: "id-1" });
});

test("a cursor of another listing, and what is none, are refused in words", () => {
  const refused = (text: string, message: RegExp): void =>
    assert.throws(
      () => decodeCursor(text, "size", "desc"),
      (error) =>
        error instanceof AssetError && error.code === "INVALID_CURSOR" && message.test(error.message),
      text,
    );
  const good = { s: "size", v: "5", id: "x", o: "desc" };
  refused(encoded({ ...good, s: "name" }), /^cursor sort field 'name' does not match request sort 'size'$/);
  refused(encoded({ ...good, o: "asc" }), /^cursor order 'asc' does not match request order 'desc'$/);
  refused("not base64!", /^encoding: /);
  refused("A".repeat(10_000), /^encoding: /);
  refused("AAAA", /^payload: /);
  refused(encoded([]), /^payload: /);
  refused(encoded({ ...good, v: "1e99" }), /^payload: /);
  refused(encoded({ ...good, v: null }), /^payload: /);
  refused(encoded({ ...good, id: 7 }), /^payload: /);
  refused(Buffer.from([0xff, 0xfe, 0x7b]).toString("base64url"), /^payload: /);
});

test("times are printed to the microsecond", () => {
  assert.equal(isoMicros(1_795_570_000_123_456), "2026-11-25T01:26:40.123456");
  assert.equal(isoMicros(1_795_570_000_000_001), "2026-11-25T01:26:40.000001");
  assert.ok(Math.abs(nowMicros() / 1000 - Date.now()) < 1_000);
});
