/** `hearth worker`, started as a person does it, against a hub that shares no disk with it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { PROJECT, TestServer, until } from "../support/server.ts";

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
}

function hearth(t: TestContext, args: readonly string[], token = ""): Started {
  let output = "";
  const env = { ...process.env, HEARTH_STARTER: "process", HEARTH_TOKEN: token };
  const child = spawn(process.execPath, [path.join(PROJECT, "bin/hearth.js"), ...args], { env });
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output += String(chunk)));
  t.after(() => child.kill("SIGKILL"));
  return { child, output: () => output };
}

async function server(t: TestContext, ...flags: string[]): Promise<TestServer> {
  const started = await TestServer.start(flags);
  t.after(() => started.stop());
  return started;
}

/** A key that may link, made as a person does it. */
async function workerKey(t: TestContext, hub: TestServer): Promise<string> {
  const made = hearth(t, ["keys", "create", "far", "--scope", "worker", "--base-directory", hub.base]);
  const [code] = (await once(made.child, "close")) as [number];
  assert.equal(code, 0, made.output());
  return /^hearth_\S+$/m.exec(made.output())?.[0] ?? "";
}

function temporaryBase(t: TestContext): string {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-far-"));
  t.after(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }));
  return base;
}

function prompt(image: string, prefix: string): object {
  return {
    prompt: {
      "1": { class_type: "LoadImage", inputs: { image } },
      "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
      "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: prefix } },
    },
  };
}

interface Entry {
  readonly status: { readonly status_str: string };
  readonly outputs: Record<string, { images: { filename: string; subfolder: string; type: string }[] }>;
}

/** Uploads a picture, runs a prompt on it, and gives its history. */
async function runOne(hub: TestServer, prefix: string): Promise<Entry> {
  const png = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
    "base64",
  );
  const form = new FormData();
  form.append("image", new File([png], "dot.png"));
  const uploaded = await fetch(`${hub.url}/upload/image`, { method: "POST", body: form });
  assert.equal(uploaded.status, 200);
  const answer = await hub.post("/prompt", prompt("dot.png", prefix));
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  const { prompt_id: id } = JSON.parse(text) as { prompt_id: string };
  return until(`the end of ${id}`, async () => (await hub.json<Record<string, Entry>>(`/history/${id}`))[id]);
}

for (const engine of ["comfyui", "native"] as const) {
  test(`a worker elsewhere runs jobs, with files over the link (${engine})`, async (t) => {
    const hub = await server(t, "--no-native");
    const peer = engine === "comfyui" ? await server(t, "--allow-anonymous") : undefined;
    const token = await workerKey(t, hub);
    const base = temporaryBase(t);
    const worker = hearth(
      t,
      [
        ...["worker", "--hub", hub.url, "--name", "far-1", "--base-directory", base],
        ...(peer === undefined ? [] : ["--comfyui", peer.url]),
      ],
      token,
    );
    await until(`the worker joins: ${worker.output()}`, () =>
      /^joined /m.test(worker.output()) ? true : undefined,
    );
    assert.match(worker.output(), new RegExp(`^joined ${hub.url}\n$`));
    await until("its classes", async () => {
      const known = await hub.json<Record<string, unknown>>("/object_info");
      return "ImageInvert" in known ? true : undefined;
    });
    const entry = await runOne(hub, "day/far");
    assert.equal(entry.status.status_str, "success");
    assert.deepEqual(entry.outputs["3"]?.images, [
      { filename: "far_00001_.png", subfolder: "day", type: "output" },
    ]);
    assert.ok(existsSync(path.join(hub.base, "output/day/far_00001_.png")));
    assert.equal(
      readFileSync(path.join(hub.base, "output/day/far_00001_.png")).toString("latin1", 1, 4),
      "PNG",
    );

    worker.child.kill("SIGTERM");
    const [code] = (await once(worker.child, "exit")) as [number];
    assert.equal(code, 0);
  });
}

test("a wrong call is explained, a wrong token is said in words", async (t) => {
  const hub = await server(t, "--no-native");
  const wrong = hearth(t, ["worker", "--hub", hub.url]);
  const [code] = (await once(wrong.child, "close")) as [number];
  assert.equal(code, 2);
  assert.match(wrong.output(), /a token is missing: give --token/);
  const worker = hearth(t, [
    "worker",
    "--hub",
    hub.url,
    "--token",
    "guess",
    "--base-directory",
    temporaryBase(t),
  ]);
  await until("the refusal", () => (worker.output().includes("does not know the token") ? true : undefined));
  worker.child.kill("SIGINT");
  assert.deepEqual(await once(worker.child, "exit"), [0, null]);
});
