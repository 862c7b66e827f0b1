import assert from "node:assert/strict";
import { test } from "node:test";
import { SignedUrls } from "./signing.ts";

const urls = new SignedUrls({ secret: "a secret", seconds: 300 });
const OUTPUT = { id: "0123", filename: "ä b.png", subfolder: "x" };
const NOW = 1_700_000_000_500;

function parts(text: string): { path: string; expires: string; signature: string } {
  const url = new URL(text);
  return {
    path: url.pathname,
    expires: url.searchParams.get("expires") ?? "",
    signature: url.searchParams.get("signature") ?? "",
  };
}

test("C-16 a signed URL is good for its path until its second, and for nothing else", () => {
  const url = urls.sign("https://host", "id", OUTPUT, NOW);
  const { path, expires, signature } = parts(url);
  assert.equal(path, "/v1/output/id/0123/%C3%A4%20b.png");
  assert.equal(Number(expires), 1_700_000_300);
  assert.equal(urls.check(path, expires, signature, NOW), "good");
  assert.equal(urls.check(path, expires, signature, NOW + 299_000), "good");
  assert.equal(urls.check(path, expires, signature, NOW + 300_000), "expired");
  assert.equal(urls.check(path.replace("0123", "0124"), expires, signature, NOW), "wrong");
  assert.equal(urls.check(path, "1700009999", signature, NOW), "wrong");
  assert.equal(urls.check(path, expires, `${signature.slice(0, -1)}A`, NOW), "wrong");
  assert.equal(urls.check(path, expires, signature.slice(0, -1), NOW), "wrong");
  assert.equal(urls.check(path, expires, undefined, NOW), "wrong");
  assert.equal(urls.check(path, "1e99", signature, NOW), "wrong");
  const other = new SignedUrls({ secret: "another", seconds: 300 });
  assert.equal(other.check(path, expires, signature, NOW), "wrong");
});
