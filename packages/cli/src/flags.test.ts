import assert from "node:assert/strict";
import { test } from "node:test";
import { FlagError, parseFlags } from "./flags.ts";

test("a launcher's line for main.py is read, and what means nothing here is named", () => {
  const { options, ignored } = parseFlags(["--listen", "--port", "8189", "--lowvram", "--preview-size=256"]);
  assert.deepEqual(options.listen, ["0.0.0.0", "::"]);
  assert.equal(options.port, 8189);
  assert.equal(options.previewSize, 256);
  assert.deepEqual(ignored, ["--lowvram"]);
});

test("repeated flags keep all their values", () => {
  const { options } = parseFlags(["--custom-nodes-directory=/x", "--custom-nodes-directory", "/y"]);
  assert.deepEqual(options.folders.customNodes, ["/x", "/y"]);
});

test("what is wrong is named", () => {
  const message = (argv: string[]): string => {
    try {
      parseFlags(argv);
    } catch (error) {
      assert.ok(error instanceof FlagError);
      return error.message;
    }
    return "";
  };
  assert.match(message(["--no-such-flag"]), /--no-such-flag/);
  assert.match(message(["--port"]), /--port/);
  assert.match(message(["--port", "x"]), /--port/);
  assert.match(message(["--cache-none", "--cache-lru", "3"]), /--cache-none/);
});
