/** Compares the files that a node wrote with the recorded ones, for the tests of savers. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isJsonObject, type JsonObject, type JsonValue, printJson } from "@hearth/protocol";
import sharp from "sharp";
import type { GoldenCase } from "../testing/golden-cases.ts";
import type { TestContext } from "../testing/test-context.ts";
import { probe } from "./ffmpeg.ts";
import { readPngChunks, readPngText } from "./png-chunks.ts";

/** Throws when a recorded file is missing, or differs in form, metadata or lossless content. */
export async function checkFiles(given: GoldenCase, run: TestContext): Promise<void> {
  for (const want of given.expect.files ?? []) {
    const bytes = readFileSync(
      findFile(run.context.folders[want["dir"] as "output" | "temp"], String(want["path"])),
    );
    const prompt = printJson(run.context.prompt, "python");
    const texts = (value: JsonValue | undefined): unknown => withPrompt(value, prompt);
    if (String(want["path"]).endsWith(".png")) await checkPng(bytes, want, texts);
    else if (want["streams"] !== undefined)
      await checkMedia(
        findFile(run.context.folders[want["dir"] as "output" | "temp"], String(want["path"])),
        want,
        texts,
      );
    else if (typeof want["text"] === "string") {
      assert.equal(
        bytes.toString("utf8"),
        want["text"].replace('{"$prompt": true}', printJson(run.context.prompt, "indent2")),
      );
    }
  }
}

/** Random letters are recorded as question marks. */
function findFile(folder: string, relative: string): string {
  const pattern = new RegExp(
    `^${relative.replaceAll(/[.*+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("?", "[a-z]")}$`,
    "u",
  );
  const found = readdirSync(folder, { recursive: true }).find((name) => pattern.test(String(name)));
  assert.ok(found !== undefined, `no file ${relative}`);
  return path.join(folder, String(found));
}

function withPrompt(value: JsonValue | undefined, prompt: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withPrompt(item, prompt));
  if (!isJsonObject(value)) return value;
  if ("$prompt" in value) return prompt;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPrompt(item, prompt)]));
}

async function checkPng(
  bytes: Buffer,
  want: JsonObject,
  texts: (value: JsonValue | undefined) => unknown,
): Promise<void> {
  const types = readPngChunks(bytes).map(({ type }) => type);
  assert.deepEqual(
    types.filter((type, index) => type !== types[index - 1]),
    want["chunks"],
  );
  assert.deepEqual(readPngText(bytes), texts(want["text"]));
  const header = readPngChunks(bytes)[0]?.data as Buffer;
  assert.deepEqual([header[8], header[9]], [want["bit_depth"], want["color_type"]]);
  if (typeof want["samples_base64"] !== "string") return;
  const deep = want["bit_depth"] === 16;
  const opened = sharp(bytes, { ignoreIcc: true });
  const raw = deep ? opened.toColourspace("rgb16").raw({ depth: "ushort" }) : opened.raw();
  const samples = await raw.toBuffer();
  assert.equal((deep ? samples.swap16() : samples).toString("base64"), want["samples_base64"]);
}

async function checkMedia(
  file: string,
  want: JsonObject,
  texts: (value: JsonValue | undefined) => unknown,
): Promise<void> {
  const told = await probe(file, ["-count_frames"]);
  const format = told["format"] as JsonObject;
  assert.equal(format["format_name"], want["container"]);
  const tags = (format["tags"] ?? {}) as JsonObject;
  for (const [key, text] of Object.entries(texts(want["tags"]) as JsonObject))
    assert.equal(tags[key], text, key);
  const streams = told["streams"] as JsonObject[];
  for (const [index, expected] of (want["streams"] as JsonObject[]).entries()) {
    const got = streams[index] as JsonObject;
    assert.equal(got["codec_type"], expected["type"]);
    assert.ok(String(expected["codec"]).replace("libdav1d", "av1").startsWith(String(got["codec_name"])));
    for (const [key, text] of Object.entries((texts(expected["tags"]) ?? {}) as JsonObject)) {
      assert.equal((got["tags"] as JsonObject)[key], text, key);
    }
    if (expected["type"] === "audio") {
      assert.deepEqual(
        [Number(got["sample_rate"]), got["channels"]],
        [expected["sample_rate"], expected["channels"]],
      );
      continue;
    }
    assert.deepEqual(
      [got["width"], got["height"], got["pix_fmt"]],
      [expected["width"], expected["height"], expected["pix_fmt"]],
    );
    assert.equal(Number(got["nb_read_frames"]), expected["frames"]);
    assert.equal(got["r_frame_rate"], (expected["rate"] as number[]).join("/"));
  }
}
