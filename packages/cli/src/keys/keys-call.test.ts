import assert from "node:assert/strict";
import { test } from "node:test";
import { readCall } from "./keys-call.ts";

test("the three calls are read, options anywhere", () => {
  const nowhere = { server: undefined, base: undefined };
  assert.deepEqual(readCall(["list"]), { verb: "list", ...nowhere });
  assert.deepEqual(readCall(["--server", "http://a", "create", "phone", "--scopes=read, run"]), {
    verb: "create",
    name: "phone",
    scopes: ["read", "run"],
    server: "http://a",
    base: undefined,
  });
  assert.deepEqual(readCall(["create", "gpu-2", "--scope", "worker"]), {
    verb: "create",
    name: "gpu-2",
    scopes: ["worker"],
    ...nowhere,
  });
  assert.deepEqual(readCall(["revoke", "abc", "--base-directory", "b"]), {
    verb: "revoke",
    id: "abc",
    server: undefined,
    base: "b",
  });
});

test("what is wrong is named", () => {
  for (const [args, expected] of [
    [[], ""],
    [["drop"], "there is no 'hearth keys drop'"],
    [["list", "x"], "list takes nothing, got x"],
    [["list", "--scopes", "read"], "--scopes means nothing for list"],
    [["create"], "create needs a name"],
    [["create", "a"], "create needs --scopes"],
    [["create", "a", "b"], "one name at a time; quote a name with blanks: a b"],
    [["revoke"], "revoke needs the id of a key"],
    [["revoke", "a", "b"], "one key at a time"],
    [["list", "--key", "x"], "there is no option --key"],
    [["list", "--server"], "--server needs a value"],
  ] as const) {
    assert.equal(readCall(args), expected);
  }
});
