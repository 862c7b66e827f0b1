import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchableUrl, isPublicAddress, publicLookup } from "./public-address.ts";

test("private, local and special addresses are told from public ones", () => {
  for (const address of [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "localhost",
  ]) {
    assert.equal(isPublicAddress(address), false, address);
  }
  for (const address of ["8.8.8.8", "172.32.0.1", "2606:4700::1111"]) {
    assert.equal(isPublicAddress(address), true, address);
  }
});

test("addresses that must not be fetched are refused, however they are written", () => {
  for (const url of [
    "http://127.0.0.1/x",
    "http://2130706433/x",
    "http://0x7f.1/x",
    "http://[::1]/x",
    "http://[::ffff:127.0.0.1]/x",
    "http://169.254.169.254/latest/meta-data",
  ]) {
    assert.throws(() => fetchableUrl(url, false), { code: "PRIVATE_ADDRESS", status: 400 }, url);
  }
  for (const url of ["file:///etc/passwd", "ftp://x/", "x", "", "http://user:pw@example.com/"]) {
    assert.throws(() => fetchableUrl(url, true), { code: "INVALID_URL", status: 400 }, url);
  }
  assert.equal(fetchableUrl("http://127.0.0.1/x", true).hostname, "127.0.0.1");
});

test("a name that leads to this machine is refused when it is connected to", async () => {
  const looked = new Promise<unknown>((resolve) => {
    publicLookup("localhost", {}, (error) => resolve(error));
  });
  assert.match(String(await looked), /private address/);
});
