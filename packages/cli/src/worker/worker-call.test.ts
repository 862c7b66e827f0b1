import assert from "node:assert/strict";
import { test } from "node:test";
import { readWorkerCall } from "./worker-call.ts";

test("a call is read, with what was not said filled in", () => {
  const call = readWorkerCall([
    "--hub",
    "https://hub/x",
    "--token=t",
    "--tag",
    "big",
    "--tag",
    "big",
    "--name",
    "gpu-2",
  ]);
  assert.deepEqual(call, {
    ...{ hub: "https://hub/x", token: "t", name: "gpu-2", tags: ["big"], concurrency: 1, base: undefined },
  });
  const driver = readWorkerCall(
    [
      "--hub",
      "http://h",
      "--comfyui",
      "http://127.0.0.1:8188",
      "--comfyui-command",
      "python main.py",
      "--concurrency",
      "2",
    ],
    "of-the-environment",
  );
  assert.ok(typeof driver === "object");
  assert.equal(driver.token, "of-the-environment");
  assert.equal(driver.command, "python main.py");
  assert.equal(driver.concurrency, 2);
  assert.match(driver.name, /^[\w.-]{1,64}$/);
});

test("what is wrong is named", () => {
  const enough = ["--hub", "http://h", "--token", "t"];
  for (const [args, expected] of [
    [[], /^$/],
    [["--token", "t"], /--hub is missing/],
    [["--hub", "http://h"], /token is missing.*HEARTH_TOKEN/],
    [["--hub", "hub:8188", "--token", "t"], /--hub must be a URL/],
    [["--hub", "ftp://h", "--token", "t"], /--hub must be a URL/],
    [["--hub"], /--hub needs a value/],
    [[...enough, "--gpu", "1"], /there is no option --gpu/],
    [[...enough, "gpu"], /'gpu' belongs to no option/],
    [[...enough, "--comfyui", "localhost:8188"], /--comfyui must be a URL/],
    [[...enough, "--comfyui-command", "x"], /needs --comfyui/],
    [[...enough, "--name", "a b"], /--name must be/],
    [[...enough, "--tag", ""], /--tag must be/],
    [[...enough, "--concurrency", "0"], /--concurrency must be/],
    [[...enough, "--concurrency", "2"], /--concurrency needs --comfyui/],
    [[...enough, "--file-cache", "lots"], /--file-cache must be/],
    [["--hub", "http://h", "--token", "a\nb"], /token holds characters/],
  ] as const) {
    const call = readWorkerCall(args);
    assert.ok(typeof call === "string", JSON.stringify(args));
    assert.match(call, expected);
  }
});
