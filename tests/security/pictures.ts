/** Files that claim to be pictures. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { PNG_SIGNATURE } from "../conformance/png.ts";
import { type TestServer, until } from "../support/server.ts";
import { ask, form, postPrompt, type Shared, upload } from "./hostile.ts";

interface HistoryEntry {
  readonly status: {
    readonly status_str: string;
    readonly messages: readonly [
      string,
      { exception_type?: string; exception_message?: string; node_id?: string },
    ][];
  };
}

/** Loads a file of the input folder; gives the error that the run ended with. */
async function loadError(server: TestServer, image: string): Promise<{ type: string; message: string }> {
  const id = randomUUID();
  const prompt = {
    "1": { class_type: "LoadImage", inputs: { image } },
    "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
  };
  const { status, answer } = await postPrompt(server, JSON.stringify({ prompt, prompt_id: id }));
  assert.equal(status, 200, JSON.stringify(answer));
  const entry = await until(`the end of the run with ${image}`, async () => {
    return (await server.json<Record<string, HistoryEntry>>(`/history/${id}`))[id];
  });
  assert.equal(entry.status.status_str, "error");
  const told = entry.status.messages.find(([type]) => type === "execution_error")?.[1];
  assert.equal(told?.node_id, "1");
  return { type: told.exception_type ?? "", message: told.exception_message ?? "" };
}

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const whole = Buffer.alloc(typed.length + 8);
  whole.writeUInt32BE(data.length, 0);
  typed.copy(whole, 4);
  whole.writeUInt32BE(crc32(typed), typed.length + 4);
  return whole;
}

/** A well-formed PNG of a few bytes whose header claims any size. */
function claimingPng(width: number, height: number): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // An empty zlib stream.
  const pixels = Buffer.from("789c030000000001", "hex");
  const end = chunk("IEND", Buffer.alloc(0));
  return Buffer.concat([PNG_SIGNATURE, chunk("IHDR", header), chunk("IDAT", pixels), end]);
}

export function testPictures(shared: Shared): void {
  test("an upload that is no picture fails the run that loads it, with a reason", async () => {
    const server = shared();
    const worker = server.ids().worker;
    const cases: Record<string, Buffer> = {
      "text.png": Buffer.from("no picture at all"),
      "empty.png": Buffer.alloc(0),
      "signature.png": Buffer.from(PNG_SIGNATURE),
      "script.svg": Buffer.from("<svg><script>alert(1)</script>"),
      "zeros.jpg": Buffer.alloc(100_000),
    };
    for (const [name, content] of Object.entries(cases)) {
      assert.equal((await upload(server, name, content)).status, 200);
      const { type, message } = await loadError(server, name);
      assert.equal(type, "UnidentifiedImageError", name);
      assert.match(message, /^cannot read the picture: ./, name);
      assert.equal(
        (await ask(server, "GET", `/view?type=input&filename=${name}&preview=webp`)).status,
        400,
        name,
      );
    }
    assert.equal(server.ids().worker, worker, "no worker died of it");
  });

  test("a header that claims 100,000 × 100,000 pixels is refused before anything is decoded", async () => {
    const server = shared();
    const worker = server.ids().worker;
    assert.equal((await upload(server, "vast.png", claimingPng(100_000, 100_000))).status, 200);
    const { type, message } = await loadError(server, "vast.png");
    assert.equal(type, "ValueError");
    assert.match(message, /picture is too large/);
    for (const query of ["preview=webp", "channel=rgb", "channel=a"]) {
      assert.equal(
        (await ask(server, "GET", `/view?type=input&filename=vast.png&${query}`)).status,
        400,
        query,
      );
    }
    assert.equal(server.ids().worker, worker, "no worker died of it");
  });

  test("an upload over the limit is 413 and leaves nothing", async () => {
    const server = shared();
    const limit = (await server.json<{ max_upload_size: number }>("/features")).max_upload_size;
    const content = Buffer.alloc(limit + 1);
    for (const target of ["/upload/image", "/api/upload/image", "/upload/mask"]) {
      assert.equal((await upload(server, "large.png", content, {}, target)).status, 413, target);
    }
    // Declared alone, without the bytes.
    const { headers } = form([]);
    const declared = { ...headers, "Transfer-Encoding": "chunked" };
    assert.ok((await ask(server, "POST", "/upload/image", declared, "zz\r\n")).status < 500);
    assert.equal((await ask(server, "GET", "/view?type=input&filename=large.png")).status, 404);
    assert.equal((await ask(server, "POST", "/prompt", {}, content)).status, 413);
  });
}
