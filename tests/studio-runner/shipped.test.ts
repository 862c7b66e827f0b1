/** The workflows that come with the program, each run for real on a started server. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { TestServer, until } from "../support/server.ts";
import { type OutputFile, RunnerClient, type RunResult } from "./client.ts";
import { BLACK, BLUE, type Colour, drawn, GREEN, Pixels, plain, RED, video, WHITE } from "./pictures.ts";

let server: TestServer;
let client: RunnerClient;
const inputs: string[] = [];

before(async () => {
  server = await TestServer.start();
  client = new RunnerClient(server);
  for (const [width, height, colour] of [
    [200, 100, RED],
    [100, 200, GREEN],
    [120, 120, BLUE],
  ] as const) {
    inputs.push(await client.upload("plain.png", await plain(width, height, colour)));
  }
});

after(() => server.stop());

/** Runs it, and looks at one of its pictures. */
async function picture(
  workflowId: string,
  params: object,
  at = 0,
): Promise<{ pixels: Pixels; result: RunResult }> {
  const result = await client.run(workflowId, params);
  assert.equal(result.status, "completed", result.error ?? "");
  const file = result.outputs[at] as OutputFile;
  assert.equal(file.subfolder.split("/")[0], result.output_dir);
  const mark = path.join(server.base, "output", result.output_dir, ".incomplete");
  await until("the end of the mark", () => (existsSync(mark) ? undefined : true));
  return { pixels: await Pixels.of(await client.file(file)), result };
}

function near(actual: Colour, expected: Colour, tolerance = 3): void {
  const isNear = actual.every((level, channel) => Math.abs(level - (expected[channel] ?? 0)) <= tolerance);
  assert.ok(isNear, `${actual.join(",")} is not near ${expected.join(",")}`);
}

const scenes = (): object[] => inputs.map((image) => ({ image }));

test("all eight are there, and say what they need", async () => {
  interface Listed {
    id: string;
    ready: boolean;
    error?: string;
    models_status: { missing: string[] };
  }
  const listed = await client.json<Listed[]>("/api/admin/workflows");
  assert.deepEqual(
    listed.map(({ id }) => id),
    [
      "batch-watermark",
      "collage",
      "colour-grade",
      "contact-sheet",
      "image-to-image",
      "mask-composite",
      "text-to-image",
      "video-frame-grid",
    ],
  );
  assert.deepEqual(
    listed.filter(({ error }) => error !== undefined),
    [],
  );
  const waiting = listed
    .filter(({ ready }) => !ready)
    .map(({ id, models_status }) => [id, models_status.missing]);
  const checkpoint = ["v1-5-pruned-emaonly-fp16.safetensors"];
  assert.deepEqual(waiting, [
    ["image-to-image", checkpoint],
    ["text-to-image", checkpoint],
  ]);
});

test("contact sheet: every picture keeps its proportions in its cell", async () => {
  const { pixels } = await picture("contact-sheet", {
    pictures: scenes(),
    columns: 2,
    cell: "100x100",
    gap: 10,
    background: "white",
  });
  assert.deepEqual([pixels.width, pixels.height], [210, 210]);
  near(pixels.at(50, 50), RED);
  near(pixels.at(50, 10), WHITE);
  near(pixels.at(160, 50), GREEN);
  near(pixels.at(120, 50), WHITE);
  near(pixels.at(50, 160), BLUE);
  near(pixels.at(105, 50), BLACK);
});

test("collage: pictures fill their cells, over a strip with letters", async () => {
  const given = { pictures: scenes(), columns: 3, cell: { width: 200, height: 150 }, gap: 0, strip: 80 };
  const { pixels } = await picture("collage", { ...given, caption: "A & <b>" });
  assert.deepEqual([pixels.width, pixels.height], [600, 230]);
  near(pixels.at(100, 5), RED);
  near(pixels.at(300, 75), GREEN);
  near(pixels.at(500, 145), BLUE);
  const letters = pixels.bright(150, 150, 300, 80, 200);
  assert.ok(letters > 200, `${letters} bright pixels in the middle of the strip`);
  assert.equal(pixels.bright(0, 150, 100, 80, 60), 0, "nothing at the strip's edge");
});

test("batch resize and watermark: one size, and the mark in the corner as strong as wanted", async () => {
  const mark = await client.upload(
    "mark.png",
    await drawn(40, 40, `<circle cx="20" cy="20" r="20" fill="white"/>`),
  );
  const given = { pictures: scenes(), size: 400, mark, mark_width: 10, opacity: 0.5, margin: 20 };
  const { pixels, result } = await picture("batch-watermark", given);
  assert.equal(result.outputs.length, 3);
  assert.deepEqual([pixels.width, pixels.height], [400, 200]);
  near(pixels.at(360, 160), [230, 153, 153]);
  near(pixels.at(342, 142), RED, 6);
  near(pixels.at(200, 100), RED);
  const plainly = await picture("batch-watermark", { ...given, with_mark: false }, 1);
  assert.deepEqual([plainly.pixels.width, plainly.pixels.height], [200, 400]);
  near(plainly.pixels.at(160, 360), GREEN);
});

test("colour grade: brightness and contrast alone, a tint, and another picture's colours", async () => {
  const image = inputs[2];
  const same = await picture("colour-grade", { image, contrast: 1, with_tint: false });
  near(same.pixels.at(60, 60), BLUE);
  const dark = await picture("colour-grade", { image, brightness: 0.5, contrast: 1, with_tint: false });
  near(dark.pixels.at(60, 60), [26, 51, 102]);
  const warm = await picture("colour-grade", { image, contrast: 1, tint: 16753994 });
  assert.ok(warm.pixels.at(60, 60)[0] > BLUE[0] + 5, "a warm tint brings red");
  const reference = { with_tint: false, with_reference: true, reference: inputs[0], reference_strength: 1 };
  const red = await picture("colour-grade", { image, contrast: 1, ...reference });
  near(red.pixels.at(60, 60), RED, 8);
});

test("mask composite: the foreground shows where the mask is white", async () => {
  const shapes = `<rect width="100" height="200" fill="black"/><rect x="100" width="100" height="200" fill="white"/>`;
  const mask = await client.upload("mask.png", await drawn(200, 200, shapes));
  const given = { background: inputs[0], foreground: inputs[2], mask, soften: 1 };
  const { pixels, result } = await picture("mask-composite", given);
  assert.deepEqual([pixels.width, pixels.height], [200, 100]);
  near(pixels.at(50, 50), RED);
  near(pixels.at(150, 50), BLUE);
  assert.deepEqual(
    result.outputs.map(({ subfolder }) => subfolder.split("/")[1]),
    ["final", "preview"],
  );
  const grown = await picture("mask-composite", { ...given, grow: 40 });
  near(grown.pixels.at(85, 50), BLUE);
});

test("frame grid: frames spread over the whole video, in order", async () => {
  const greys = [30, 90, 150, 210];
  const file = await client.upload("greys.mp4", video(greys));
  const given = { video: file, frames: 4, columns: 4, cell: "80x48", gap: 0 };
  const { pixels } = await picture("video-frame-grid", given);
  assert.deepEqual([pixels.width, pixels.height], [320, 48]);
  const levels = greys.map((_, at) => pixels.at(at * 80 + 40, 24)[0]);
  assert.deepEqual(
    levels,
    levels.toSorted((a, b) => a - b),
    "dark to bright",
  );
  assert.ok((levels[0] ?? 0) < 60 && (levels[3] ?? 0) > 180, levels.join(","));
});

test("the diffusion workflows make the graphs that the editor would", async () => {
  const build = (id: string, params: object) =>
    client.json<Record<string, { class_type: string; inputs: Record<string, unknown> }>>(
      `/api/run/${id}/build`,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ params }),
      },
    );
  const text = await build("text-to-image", {
    prompt: "a lighthouse",
    size: "512x768",
    seed: 7,
    loras: [{ name: "a.safetensors", strength: 0.5 }],
  });
  assert.deepEqual(text["5"]?.inputs, { width: 512, height: 768, batch_size: 1 });
  assert.equal(text["6"]?.inputs["seed"], 7);
  assert.equal(text["2"]?.inputs["strength_model"], 0.5);
  const image = await build("image-to-image", { image: inputs[0], prompt: "a lighthouse", strength: 0.4 });
  assert.equal(image["6"]?.inputs["denoise"], 0.4);
  assert.deepEqual(image["3"]?.inputs["clip"], ["1", 1], "without LoRAs their loader is linked past");
  assert.deepEqual(image["6"]?.inputs["latent_image"], ["10", 0]);
});

test("a job's files lie in its own directory alone", async () => {
  const { result } = await picture("contact-sheet", { pictures: scenes() });
  const folder = path.join(server.base, "output", result.output_dir);
  assert.match(result.output_dir, /^\d{8}_\d{6}_[0-9a-f]{6}$/);
  assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), ["final", "final/final_00001_.png"]);
});
