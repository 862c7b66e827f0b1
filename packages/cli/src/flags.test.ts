import assert from "node:assert/strict";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { FLAGS } from "./flag-table.ts";
import { FlagError, parseFlags } from "./flags.ts";

function fails(line: string, message: RegExp): void {
  assert.throws(
    () => parseFlags(line.split(" ")),
    (error) => error instanceof FlagError && message.test(error.message),
  );
}

test("without flags it is ComfyUI's defaults", () => {
  const { options, ignored } = parseFlags([]);
  assert.deepEqual(options.listen, ["127.0.0.1"]);
  assert.equal(options.port, 8188);
  assert.equal(options.maxUploadBytes, 104_857_600);
  assert.equal(options.corsOrigin, undefined);
  assert.equal(options.metadata, true);
  assert.equal(options.packs, "all");
  assert.equal(options.previewSize, 512);
  assert.equal(options.cache.kind, "ram");
  assert.equal(options.native, true);
  assert.deepEqual(ignored, []);
});

test("the line that the recordings are played with", () => {
  const dir = os.tmpdir();
  const { options } = parseFlags(
    `--listen 127.0.0.1 --port 4711 --base-directory ${dir} --front-end-root ${dir} --database-url sqlite:///${dir}/db/golden.db --max-upload-size 12.5 --feature-flag my_flag --feature-flag other=a=b --cache-lru 3`.split(
      " ",
    ),
  );
  assert.equal(options.port, 4711);
  assert.equal(options.folders.base, dir);
  assert.equal(options.frontEndRoot, dir);
  assert.equal(options.databaseFile, path.join(dir, "db/golden.db"));
  assert.equal(options.maxUploadBytes, 13_107_200);
  assert.deepEqual(options.featureFlags, { my_flag: "true", other: "a=b" });
  assert.deepEqual(options.cache, { kind: "lru", size: 3 });
});

test("values that may be left out", () => {
  assert.deepEqual(parseFlags(["--listen"]).options.listen, ["0.0.0.0", "::"]);
  assert.deepEqual(parseFlags(["--listen", "::1,10.0.0.1"]).options.listen, ["::1", "10.0.0.1"]);
  assert.equal(parseFlags(["--enable-cors-header", "--port", "1"]).options.corsOrigin, "*");
  assert.equal(parseFlags(["--enable-cors-header=http://x"]).options.corsOrigin, "http://x");
  assert.equal(parseFlags(["--verbose"]).options.logLevel, "debug");
  assert.equal(parseFlags(["--verbose", "WARNING"]).options.logLevel, "warn");
  assert.deepEqual(parseFlags(["--cache-ram", "4"]).options.cache, {
    kind: "ram",
    activeBytes: 4 * 1024 ** 3,
    inactiveBytes: Math.min(128 * 1024 ** 3, os.totalmem()),
  });
  assert.deepEqual(parseFlags(["--high-ram"]).options.cache, { kind: "classic" });
});

test("flags that repeat collect, others take their last value", () => {
  const { options } = parseFlags(
    "--port 1 --port 2 --custom-nodes-directory a --custom-nodes-directory b --disable-all-custom-nodes --whitelist-custom-nodes x y --whitelist-custom-nodes z".split(
      " ",
    ),
  );
  assert.equal(options.port, 2);
  assert.deepEqual(options.folders.customNodes, ["a", "b"]);
  assert.deepEqual(options.packs, ["x", "y", "z"]);
});

test("what means nothing here is listed once", () => {
  const { ignored } = parseFlags(
    "--lowvram --reserve-vram 1.5 --fast fp16_accumulation --fast --port 3".split(" "),
  );
  assert.deepEqual(ignored, ["--lowvram", "--reserve-vram", "--fast"]);
});

test("wrong lines are named", () => {
  fails("--prot 1", /unrecognized arguments: --prot/);
  fails("serve", /unrecognized arguments: serve/);
  fails("--port", /--port: expected one argument/);
  fails("--port x", /--port: invalid int value: 'x'/);
  fails("--port 70000", /--port: invalid int value/);
  fails("--max-upload-size -1", /--max-upload-size: invalid float value/);
  fails("--multi-user=1", /--multi-user: ignored explicit argument '1'/);
  fails("--cache-none --cache-lru 3", /--cache-lru: not allowed with argument --cache-none/);
  fails("--lowvram --cpu", /--cpu: not allowed with argument --lowvram/);
  fails("--verbose LOUD", /--verbose: invalid choice: 'LOUD'/);
  fails("--restart-policy forget", /--restart-policy: invalid choice: 'forget' \(choose from keep, stall\)/);
  fails("--preview-method x", /--preview-method: invalid choice/);
  fails("--front-end-root /no/such/folder", /is not a directory/);
  fails("--database-url postgres://x", /--database-url: expected sqlite/);
  fails("--database-url sqlite:///:memory:", /--database-url: expected sqlite/);
});

test("every flag of the table can be given", () => {
  for (const [flag, { arity }] of FLAGS) {
    if (flag === "--database-url" || flag === "--preview-method") continue;
    const words: Record<string, string> = {
      "--front-end-root": os.tmpdir(),
      "--restart-policy": "stall",
      "--prefer-native": "never",
    };
    const value = words[flag] ?? "1";
    const before = flag === "--comfyui-command" ? ["--comfyui", "127.0.0.1:8189"] : [];
    const given = arity === "one" || arity === "many" ? [flag, value] : [flag];
    assert.ok(parseFlags([...before, ...given]), flag);
  }
});

test("ComfyUIs: each URL with its command in turn, and a name that is the same at every start", () => {
  const { options } = parseFlags([
    ...["--comfyui", "gpu-1:8188", "--comfyui", "https://me:secret@gpu-2/comfy/"],
    ...["--comfyui-command", "python main.py --port 8188", "--no-native"],
  ]);
  assert.equal(options.native, false);
  assert.deepEqual(options.comfyui, [
    { name: "comfyui-gpu-1-8188", url: "http://gpu-1:8188/", command: "python main.py --port 8188" },
    { name: "comfyui-gpu-2-comfy", url: "https://me:secret@gpu-2/comfy/" },
  ]);
  fails("--comfyui ftp://gpu-1", /--comfyui: 'ftp:\/\/gpu-1' is no http or https address/);
  fails("--comfyui gpu-1 --comfyui http://gpu-1/", /'http:\/\/gpu-1\/' is given twice/);
  fails("--comfyui-command x", /--comfyui-command: each needs its --comfyui URL/);
});
