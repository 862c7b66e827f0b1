import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { readGpus } from "./gpu.ts";

function folder(t: TestContext): string {
  const made = mkdtempSync(path.join(os.tmpdir(), "hearth-gpu-"));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

function program(at: string, script: string): string {
  const file = path.join(at, "nvidia-smi");
  writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

test("S-97 nvidia-smi's figures in bytes and whole degrees, one card after the other", async (t) => {
  const at = folder(t);
  const nvidiaSmi = program(
    at,
    'test "$2" = --format=csv,noheader,nounits || exit 9\n' +
      "echo 'NVIDIA RTX 4090, 24576, 8192, 85, 72'\necho 'Card, with comma, 1024, [N/A], [N/A], 40'",
  );
  assert.deepEqual(await readGpus({ nvidiaSmi, proc: at }), [
    {
      name: "NVIDIA RTX 4090",
      vram_total: 25769803776,
      vram_used: 8589934592,
      vram_percent: 33.3,
      util_percent: 85,
      temp_c: 72,
    },
    {
      name: "Card, with comma",
      vram_total: 1073741824,
      vram_used: null,
      vram_percent: null,
      util_percent: null,
      temp_c: 40,
    },
  ]);
});

test("S-99 without nvidia-smi a card of the driver is named, and its figures are null", async (t) => {
  const at = folder(t);
  const card = path.join(at, "driver/nvidia/gpus/0000:01:00.0");
  mkdirSync(card, { recursive: true });
  writeFileSync(path.join(card, "information"), "Model: \t\t NVIDIA H100\nIRQ:   \t\t 0\n");
  const gpus = await readGpus({ nvidiaSmi: path.join(at, "absent"), proc: at });
  assert.deepEqual(gpus, [
    {
      name: "NVIDIA H100",
      vram_total: null,
      vram_used: null,
      vram_percent: null,
      util_percent: null,
      temp_c: null,
    },
  ]);
});

test("a program that hangs or fails is no card", async (t) => {
  const at = folder(t);
  const began = performance.now();
  assert.deepEqual(await readGpus({ nvidiaSmi: program(at, "exec sleep 60"), proc: at }), []);
  assert.ok(performance.now() - began < 10_000);
  assert.deepEqual(await readGpus({ nvidiaSmi: program(at, "echo 'no devices'; exit 6"), proc: at }), []);
});
