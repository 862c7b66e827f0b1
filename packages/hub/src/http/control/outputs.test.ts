import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { type ControlServer, startControlServer } from "./test-control.ts";

interface Output {
  readonly id: string;
  readonly src: string;
}

/** A completed workflow that recorded these outputs, and the links to them. */
async function outputsOf(server: ControlServer, outputs: object): Promise<Output[]> {
  const id = await server.queued();
  await server.work({ outputs: JSON.stringify(outputs) });
  const answer = await server.ask("GET", `/v1/workflow/${id}/outputs`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Output[];
}

const item = (filename: string, more: object = {}): object => ({
  filename,
  subfolder: "",
  type: "output",
  ...more,
});

test("C-15 all kinds of kept files are outputs, each once; previews and other values are not", async (t) => {
  const server = await startControlServer(t);
  const outputs = await outputsOf(server, {
    "1": { images: [item("a.png"), item("b.png", { type: "temp" }), item("a.png")], animated: [false] },
    "2": { video: [item("c.mp4", { subfolder: "clips", format: "video/h264-mp4" })], text: ["hello"] },
    "3": { audio: [item("d.flac"), null], images: [item("e.png", { type: "input" })] },
  });
  const names = outputs.map(({ src }) => path.basename(new URL(src).pathname));
  assert.deepEqual(names.sort(), ["a.png", "c.mp4", "d.flac"]);
});

test("C-16 the content type is the file's, and what a browser would run as a page is downloaded", async (t) => {
  const server = await startControlServer(t);
  const files = { "a.mp4": "video/mp4", "b.flac": "audio/flac", "c ä.png": "image/png" };
  const pages = ["p.html", "q.svg"];
  for (const name of [...Object.keys(files), ...pages])
    writeFileSync(path.join(server.folders.output, name), name);
  const outputs = await outputsOf(server, {
    "1": { images: [...Object.keys(files), ...pages].map((name) => item(name)) },
  });
  for (const { src } of outputs) {
    const name = decodeURIComponent(path.basename(new URL(src).pathname));
    const answer = await fetch(src);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), name);
    const type = answer.headers.get("content-type");
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.match(answer.headers.get("cache-control") ?? "", /^private, max-age=\d{1,3}$/);
    assert.equal(type, files[name as keyof typeof files] ?? "application/octet-stream");
    const isPage = pages.includes(name);
    assert.equal((answer.headers.get("content-disposition") ?? "").startsWith("attachment"), isPage, name);
  }
});

test("C-16 a link that leads out of the output folder is not followed", async (t) => {
  const server = await startControlServer(t);
  const secret = path.join(server.folders.base, "secret.txt");
  writeFileSync(secret, "secret");
  mkdirSync(path.join(server.folders.output, "sub"));
  symlinkSync(secret, path.join(server.folders.output, "link.txt"));
  const outputs = await outputsOf(server, {
    "1": { files: [item("link.txt"), item("secret.txt", { subfolder: ".." }), item("sub")] },
  });
  assert.equal(outputs.length, 3);
  for (const { src } of outputs) {
    const answer = await fetch(src);
    assert.equal(answer.status, 404);
    assert.doesNotMatch(await answer.text(), /"secret"/);
  }
});

test("links begin with the address that the server is told to have", async (t) => {
  const server = await startControlServer(t, { publicUrl: "https://hearth.example/base" });
  const [output] = await outputsOf(server, { "1": { images: [item("a.png")] } });
  assert.match(output?.src ?? "", /^https:\/\/hearth\.example\/base\/v1\/output\//);
});
