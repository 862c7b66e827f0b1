import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { bytesSource } from "./byte-source.ts";
import { documentOf, type Embedded, MediaError, readEmbedded } from "./index.ts";

const WORKFLOW = { nodes: [], links: [], note: "n" };
const PROMPT = { "1": { class_type: "A", inputs: {} } };
const [W, P] = [JSON.stringify(WORKFLOW), JSON.stringify(PROMPT)];

const read = (bytes: Uint8Array): Promise<Embedded> => readEmbedded(bytesSource(bytes));

async function carries(bytes: Uint8Array, format: string): Promise<void> {
  assert.deepEqual(await read(bytes), { format, workflow: WORKFLOW, prompt: PROMPT });
}

const text = (value: string): Buffer => Buffer.from(value, "latin1");

function u32(value: number, little = false): Buffer {
  const bytes = Buffer.alloc(4);
  if (little) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

function u16(value: number): Buffer {
  return u32(value).subarray(2);
}

function chunk(type: string, data: Buffer): Buffer {
  return Buffer.concat([u32(data.length), text(type), data, u32(0)]);
}

function png(...chunks: Buffer[]): Buffer {
  return Buffer.concat([text("\u0089PNG\r\n\u001a\n"), ...chunks, chunk("IEND", Buffer.alloc(0))]);
}

function box(type: string, ...content: Buffer[]): Buffer {
  const data = Buffer.concat(content);
  return Buffer.concat([u32(8 + data.length), text(type), data]);
}

/** A big-endian directory of ASCII tags. */
function exif(...texts: string[]): Buffer {
  const entries: Buffer[] = [];
  const data: Buffer[] = [];
  let at = 8 + 2 + texts.length * 12 + 4;
  for (const [index, value] of texts.entries()) {
    entries.push(u16(0x10f + index), u16(2), u32(value.length + 1), u32(at));
    data.push(text(`${value}\0`));
    at += value.length + 1;
  }
  return Buffer.concat([text("MM\0*"), u32(8), u16(texts.length), ...entries, u32(0), ...data]);
}

describe("formats", () => {
  it("PNG: text chunks, the last of each kind", () => {
    const chunks = [
      chunk("tEXt", text("workflow\0{}")),
      chunk("iTXt", text(`workflow\0\0\0en\0Ablauf\0${W}`)),
      chunk("comf", text(`prompt\0${P}`)),
      chunk("zTXt", text("workflow\0\0xyz")),
      chunk("iTXt", text("workflow\0\u0001\0\0\0xyz")),
    ];
    return carries(png(...chunks), "PNG");
  });

  it("WebP and AVIF: EXIF", async () => {
    const data = Buffer.concat([text("Exif\0\0"), exif(`Workflow:${W}`, `prompt:${P}`)]);
    const odd = Buffer.concat([text("XXXX"), u32(3, true), text("abc\0")]);
    const body = Buffer.concat([text("WEBP"), odd, text("EXIF"), u32(data.length, true), data]);
    await carries(Buffer.concat([text("RIFF"), u32(body.length, true), body]), "WebP");

    const item = Buffer.concat([u32(6), data]);
    const ftyp = box("ftyp", text("avif"), u32(0));
    const infe = box("infe", u32(0x0200_0000), u16(1), u16(0), text("Exif"), text("\0"));
    const parts = (offset: number): Buffer[] => [
      box("iinf", u32(0), u16(1), infe),
      box("iloc", u32(0), u16(0x4400), u16(1), u16(1), u16(0), u16(1), u32(offset), u32(item.length)),
    ];
    const place = ftyp.length + box("meta", u32(0), ...parts(0)).length + 8;
    await carries(Buffer.concat([ftyp, box("meta", u32(0), ...parts(place)), box("mdat", item)]), "AVIF");
  });

  it("GLB, SVG, safetensors", async () => {
    const json = text(JSON.stringify({ asset: { extras: { workflow: WORKFLOW, prompt: P } } }));
    await carries(
      Buffer.concat([text("glTF"), u32(2, true), u32(0), u32(json.length, true), text("JSON"), json]),
      "GLB",
    );
    const metadata = `<metadata><![CDATA[${JSON.stringify({ prompt: PROMPT, workflow: WORKFLOW })}]]></metadata>`;
    await carries(text(`<?xml version="1.0"?><svg>${metadata}</svg>`), "SVG");
    const header = text(JSON.stringify({ __metadata__: { workflow: W, prompt: P } }));
    await carries(Buffer.concat([u32(header.length, true), u32(0), header]), "safetensors");
  });

  it("JSON: a workflow, a prompt, or a prompt as it is posted", async () => {
    assert.deepEqual(documentOf(await read(text(`\u00ef\u00bb\u00bf ${W}`))), WORKFLOW);
    assert.deepEqual(documentOf(await read(text(P))), PROMPT);
    assert.deepEqual(documentOf(await read(text(`{"client_id": "c", "prompt": ${P}}`))), PROMPT);
  });
});

describe("files that FFmpeg writes", () => {
  const ffmpeg = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].find((file) => {
    try {
      execFileSync(file, ["-version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-embedded-"));
  after(() => rmSync(folder, { recursive: true }));
  const long = JSON.stringify({ ...WORKFLOW, filler: "x".repeat(100_000) });
  for (const [extension, format] of Object.entries({
    webm: "WebM",
    mkv: "WebM",
    mp4: "MP4",
    mov: "MP4",
    mp3: "MP3",
    flac: "FLAC",
    opus: "Ogg",
  })) {
    it(extension, { skip: ffmpeg === undefined }, async () => {
      const isVideo = format === "WebM" || format === "MP4";
      const source = isVideo ? "testsrc=d=0.2:s=32x32" : "sine=d=0.2";
      const flags = format === "MP4" ? ["-movflags", "use_metadata_tags"] : [];
      const file = path.join(folder, `a.${extension}`);
      const metadata = ["-metadata", `workflow=${long}`, "-metadata", `prompt=${P}`];
      execFileSync(ffmpeg as string, [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        source,
        ...metadata,
        ...flags,
        file,
      ]);
      const found = await read(readFileSync(file));
      assert.deepEqual(found, { format, workflow: JSON.parse(long), prompt: PROMPT });
    });
  }
});

describe("broken files", () => {
  const fails = (bytes: Buffer, message: RegExp): Promise<void> =>
    assert.rejects(read(bytes), (error) => error instanceof MediaError && message.test(error.message));

  it("falls back to the prompt when the workflow is no JSON or no workflow", async () => {
    const broken = png(chunk("tEXt", text("workflow\0{")), chunk("tEXt", text(`prompt\0${P}`)));
    assert.deepEqual(documentOf(await read(broken)), PROMPT);
    const empty = png(chunk("tEXt", text("workflow\0null")), chunk("tEXt", text(`prompt\0${P}`)));
    assert.deepEqual(documentOf(await read(empty)), PROMPT);
  });

  it("says what is missing or broken", async () => {
    await fails(Buffer.alloc(0), /^the file is empty$/);
    await fails(text("hello"), /^neither JSON nor a format that carries workflows \(PNG, /);
    await fails(text('{"a":'), /^not JSON: Unexpected end/);
    await fails(png(), /^the PNG file carries neither a workflow nor a prompt$/);
    await fails(png(chunk("tEXt", text("workflow\0{"))), /^the workflow in the PNG file is not JSON: /);
    await fails(
      Buffer.concat([text("\u0089PNG\r\n\u001a\n"), u32(500), text("tEXtab")]),
      /chunk tEXt at byte 16 goes beyond/,
    );
    await fails(
      Buffer.concat([text("fLaC"), u32(0x8400_0008), u32(9, true), u32(1)]),
      /Vorbis comments are cut off/,
    );
    await fails(text("OggS but not really, as this text goes on"), /goes beyond|no Ogg page|ends before/);
    await fails(
      Buffer.concat([box("ftyp", text("isom")), u32(5), text("moov")]),
      /box "moov" at byte 12 does not fit/,
    );
    await fails(Buffer.concat([u32(0x1a45_dfa3), text("\0")]), /no EBML element at byte 0/);
  });

  it("does not read what is longer than any workflow", async () => {
    const source = {
      size: 2 ** 40,
      read: () =>
        Promise.resolve(
          Buffer.concat([text("\u0089PNG\r\n\u001a\n"), u32(2 ** 31), text("tEXt"), Buffer.alloc(65536)]),
        ),
    };
    await assert.rejects(readEmbedded(source), /at most 67108864 are read/);
  });

  it("survives every file cut short and every byte changed", async () => {
    const whole = [
      png(chunk("iTXt", text(`workflow\0\0\0\0\0${W}`))),
      Buffer.concat([
        text("RIFF\0\0\0\0WEBPEXIF"),
        u32(exif(`workflow:${W}`).length, true),
        exif(`workflow:${W}`),
      ]),
    ];
    for (const bytes of whole) {
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes);
        changed[at] = 0xff;
        for (const variant of [bytes.subarray(0, at), changed]) {
          await read(variant).catch((error: unknown) =>
            assert.ok(error instanceof MediaError, String(error)),
          );
        }
      }
    }
  });
});
