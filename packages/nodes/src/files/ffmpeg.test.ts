import assert from "node:assert/strict";
import { test } from "node:test";
import { lookUp, runFfmpeg } from "./ffmpeg.ts";

test("programs are looked up on the path, and both are needed", () => {
  assert.equal(lookUp("/nowhere"), undefined);
});

test("an error quotes the program, and an interrupt ends it", async () => {
  await assert.rejects(runFfmpeg(["-i", "/nowhere/x.mp4", "-f", "null", "-"]), /ffmpeg failed: .*nowhere/s);
  const abort = new AbortController();
  const endless = runFfmpeg(["-re", "-f", "lavfi", "-i", "color=s=16x16", "-f", "rawvideo", "pipe:1"], {
    signal: abort.signal,
    onOutput: () => abort.abort(),
  });
  await assert.rejects(endless, { name: "InterruptedError" });
});

test("input that the program does not read to its end is no error", async () => {
  const endless = function* (): Iterable<Uint8Array> {
    for (;;) yield Buffer.alloc(16 * 16 * 3);
  };
  const args = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-s",
    "16x16",
    "-i",
    "pipe:0",
    "-frames:v",
    "1",
    "-f",
    "rawvideo",
    "pipe:1",
  ];
  assert.equal((await runFfmpeg(args, { input: endless() })).length, 16 * 16 * 3);
});
