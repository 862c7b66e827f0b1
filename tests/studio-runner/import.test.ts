/** Files that a run made, or that carry a prompt, become workflows of the catalogue that run. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { TestServer } from "../support/server.ts";
import { type OutputFile, RunnerClient } from "./client.ts";
import { BLUE, ffmpeg, Pixels, plain, RED } from "./pictures.ts";

interface Imported {
  readonly format: string;
  readonly saved: boolean;
  readonly manifest: {
    readonly id: string;
    readonly inputs: { id: string; type: string; default?: unknown }[];
  };
  readonly missing: { classes: string[]; models: unknown[]; files: unknown[] };
}

let server: TestServer;
let client: RunnerClient;
let red: string;
let blue: string;

before(async () => {
  server = await TestServer.start();
  client = new RunnerClient(server);
  red = await client.upload("red.png", await plain(60, 60, RED));
  blue = await client.upload("blue.png", await plain(60, 60, BLUE));
});

after(() => server.stop());

function bring(name: string, content: Buffer, fields: Record<string, string> = {}): Promise<Imported> {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.append(field, value);
  form.append("file", new Blob([new Uint8Array(content)]), name);
  return client.json("/api/admin/workflows/import", { method: "POST", body: form });
}

test("a picture that a run made becomes a workflow, and makes the same again", async () => {
  const first = await client.run("colour-grade", {
    image: red,
    brightness: 0.5,
    contrast: 1,
    with_tint: false,
  });
  const file = await client.file(first.output as OutputFile);
  const brought = await bring("graded.png", file, { save: "true", id: "graded" });
  assert.deepEqual([brought.format, brought.saved], ["PNG", true]);
  assert.deepEqual(brought.missing, { classes: [], models: [], files: [] });
  const inputs = brought.manifest.inputs.map(({ id, type, default: value }) => [id, type, value]);
  assert.deepEqual(inputs, [
    ["image", "image", undefined],
    ["factor", "float", 0.5],
    ["factor_2", "float", 1],
  ]);
  const same = await client.run("graded", { image: red });
  assert.deepEqual(
    (await Pixels.of(await client.file(same.output as OutputFile))).at(30, 30),
    (await Pixels.of(file)).at(30, 30),
  );
  assert.notEqual(same.output_dir, first.output_dir);
});

test("a video that carries a prompt becomes a workflow", async () => {
  const prompt = {
    "1": { class_type: "LoadImage", inputs: { image: "theirs.png" } },
    "2": { class_type: "SomebodysNode", inputs: { image: ["1", 0] } },
    "3": { class_type: "SaveImage", inputs: { images: ["2", 0], filename_prefix: "x" } },
  };
  const file = path.join(server.base, "carried.mp4");
  const source = ["-f", "lavfi", "-i", "color=size=64x64:duration=1:rate=5"];
  const metadata = ["-metadata", `prompt=${JSON.stringify(prompt)}`, "-movflags", "use_metadata_tags"];
  ffmpeg([...source, ...metadata, file]);
  const brought = await bring("carried.mp4", readFileSync(file));
  assert.deepEqual([brought.format, brought.saved], ["MP4", false]);
  assert.deepEqual(brought.missing.classes, ["SomebodysNode"]);
  assert.deepEqual(brought.missing.files, [{ name: "theirs.png", node_id: "1" }]);
});

test("a run is built for the editor, comes back, and makes the same picture", async () => {
  const params = { pictures: [{ image: red }, { image: blue }], columns: 2, cell: "64x64", gap: 0 };
  const answer = await client.request("/api/run/contact-sheet/build?format=workflow", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ params }),
  });
  const workflow = Buffer.from(await answer.arrayBuffer());
  const brought = await bring("sheet.json", workflow, { save: "true" });
  assert.equal(brought.manifest.id, "sheet");
  const result = await client.run("sheet", { image: red, image_2: blue });
  assert.equal(result.status, "completed", result.error ?? "");
  const pixels = await Pixels.of(await client.file(result.output as OutputFile));
  assert.deepEqual([pixels.width, pixels.at(32, 32), pixels.at(96, 32)], [128, [...RED], [...BLUE]]);
});
