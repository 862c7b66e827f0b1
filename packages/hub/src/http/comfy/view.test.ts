import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { rawRequest, startServer } from "../test-server.ts";

test("paths that lead out are refused", async (t) => {
  const { port, folders } = await startServer(t);
  const outside = path.join(folders.base, "outside");
  mkdirSync(outside);
  mkdirSync(path.join(folders.input, "sub"));
  writeFileSync(path.join(outside, "secret.txt"), "secret");
  writeFileSync(path.join(folders.base, "secret.txt"), "secret");
  writeFileSync(path.join(folders.input, "a.txt"), "a");
  symlinkSync(path.join(outside, "secret.txt"), path.join(folders.input, "link.txt"));
  symlinkSync(outside, path.join(folders.input, "folder"));
  symlinkSync(path.join(folders.input, "a.txt"), path.join(folders.input, "sub/inside.txt"));
  const status = async (query: string): Promise<number> =>
    (await rawRequest(port, "GET", `/view?type=input&${query}`)).status;

  assert.equal(await status("filename=a.txt"), 200);
  assert.equal(await status("filename=sub/a.txt"), 200);
  assert.equal(await status("filename=inside.txt&subfolder=sub"), 200);
  assert.equal(await status("filename=a.txt&subfolder=sub/.."), 200);
  for (const name of [
    "../secret.txt",
    "..%2Fsecret.txt",
    "%2e%2e/secret.txt",
    "/etc/passwd",
    "%2Fetc%2Fpasswd",
    "a..txt",
    "a.txt%00",
    "%00",
    "",
  ]) {
    assert.equal(await status(`filename=${name}`), 400, name);
  }
  for (const name of ["..%252Fsecret.txt", "..%5Csecret.txt"])
    assert.equal(await status(`filename=${name}`), 400, name);
  for (const name of [
    "%252e%252e%252fsecret.txt",
    "sub",
    "nope.txt",
    "x".repeat(400),
    "blake3:00",
    "a.txt/",
  ]) {
    assert.equal(await status(`filename=${name}`), 404, name);
  }
  assert.equal(await status("filename=link.txt"), 403);
  for (const folder of [
    "..",
    "../outside",
    "/etc",
    "folder",
    "%2e%2e%2foutside",
    "sub/../../outside",
    "x%00",
  ]) {
    assert.equal(await status(`filename=secret.txt&subfolder=${folder}`), 403, folder);
  }
  assert.equal((await rawRequest(port, "GET", "/view?filename=a.txt&type=models")).status, 400);
  assert.equal((await rawRequest(port, "GET", "/view")).status, 404);
});

test("a named pipe does not hold the server up", { skip: process.platform === "win32" }, async (t) => {
  const { port, folders } = await startServer(t);
  execFileSync("mkfifo", [path.join(folders.input, "pipe.png")]);
  assert.equal((await rawRequest(port, "GET", "/view?type=input&filename=pipe.png")).status, 404);
});

test("ranges", async (t) => {
  const { port, folders } = await startServer(t);
  writeFileSync(path.join(folders.output, "n.txt"), "0123456789");
  writeFileSync(path.join(folders.output, "empty.txt"), "");
  const ask = async (range: string, more: Record<string, string> = {}, name = "n.txt"): Promise<string> => {
    const { status, headers, body } = await rawRequest(port, "GET", `/view?filename=${name}`, {
      range,
      ...more,
    });
    return `${status} ${headers["content-range"] ?? "-"} ${body}`;
  };
  assert.equal(await ask("bytes=0-3"), "206 bytes 0-3/10 0123");
  assert.equal(await ask("bytes=7-"), "206 bytes 7-9/10 789");
  assert.equal(await ask("bytes=-2"), "206 bytes 8-9/10 89");
  assert.equal(await ask("bytes=-99"), "206 bytes 0-9/10 0123456789");
  assert.equal(await ask("bytes=5-99"), "206 bytes 5-9/10 56789");
  assert.equal(await ask("bytes=10-"), "416 bytes */10 ");
  assert.equal(await ask("bytes=-0"), "416 bytes */10 ");
  assert.equal(await ask("bytes=0-", {}, "empty.txt"), "416 bytes */0 ");
  for (const odd of ["bytes=5-2", "bytes=a-b", "bytes=0-1,3-4", "lines=1-2", "bytes=-"]) {
    assert.equal(await ask(odd), "200 - 0123456789", odd);
  }
  const { headers } = await rawRequest(port, "GET", "/view?filename=n.txt");
  assert.equal(await ask("bytes=0-1", { "if-range": headers["etag"] as string }), "206 bytes 0-1/10 01");
  assert.equal(await ask("bytes=0-1", { "if-range": '"other"' }), "200 - 0123456789");
});

test("conditions", async (t) => {
  const { port, folders } = await startServer(t);
  writeFileSync(path.join(folders.output, "n.txt"), "0123456789");
  const { headers } = await rawRequest(port, "GET", "/view?filename=n.txt");
  const tag = headers["etag"] as string;
  const status = async (given: Record<string, string>): Promise<number> =>
    (await rawRequest(port, "GET", "/view?filename=n.txt", given)).status;
  assert.equal(await status({ "if-none-match": tag }), 304);
  assert.equal(await status({ "if-none-match": `W/${tag}` }), 304);
  assert.equal(await status({ "if-none-match": "*" }), 304);
  assert.equal(await status({ "if-none-match": '"x"' }), 200);
  assert.equal(await status({ "if-match": '"x"' }), 412);
  assert.equal(await status({ "if-match": tag }), 200);
  assert.equal(await status({ "if-modified-since": headers["last-modified"] as string }), 304);
  assert.equal(await status({ "if-modified-since": "Mon, 01 Jan 2001 00:00:00 GMT" }), 200);
  assert.equal(await status({ "if-unmodified-since": "Mon, 01 Jan 2001 00:00:00 GMT" }), 412);
  assert.equal(await status({ "if-modified-since": "whenever" }), 200);
});

test("what a browser would run is downloaded", async (t) => {
  const { port, folders } = await startServer(t);
  for (const name of ["a.html", "a.xhtml", "a.js", "a.css", "a.xml", "a.svg", "a.eml", "A.HTM"]) {
    writeFileSync(path.join(folders.output, name), "<script>");
    const { headers } = await rawRequest(port, "GET", `/view?filename=${name}`);
    assert.equal(headers["content-type"], "application/octet-stream", name);
    assert.equal(headers["content-disposition"], `attachment; filename="${name}"`);
    assert.equal(headers["x-content-type-options"], "nosniff");
  }
  const svg = await rawRequest(port, "GET", "/view?filename=a.svg", { "sec-fetch-dest": "image" });
  assert.equal(svg.headers["content-type"], "image/svg+xml");
});

test("a name cannot end a header", async (t) => {
  const { port, folders } = await startServer(t);
  writeFileSync(path.join(folders.output, 'a\r\nx: 1 "q" \\.txt'), "x");
  const { status, headers } = await rawRequest(
    port,
    "GET",
    "/view?filename=a%0D%0Ax:%201%20%22q%22%20%5C.txt",
  );
  assert.equal(status, 200);
  assert.equal(headers["x"], undefined);
  assert.equal(headers["content-disposition"], 'filename="a__x: 1 \\"q\\" \\\\.txt"');
});

test("previews and channels", async (t) => {
  const { url, folders } = await startServer(t);
  const file = path.join(folders.output, "p.png");
  await sharp(Buffer.from([10, 20, 30, 40, 50, 60, 70, 80]), { raw: { width: 2, height: 1, channels: 4 } })
    .png()
    .toFile(file);
  const pixels = async (
    query: string,
  ): Promise<{ type: string | null; channels: number; data: number[] }> => {
    const answer = await fetch(`${url}/view?filename=p.png&${query}`);
    const { data, info } = await sharp(Buffer.from(await answer.arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { type: answer.headers.get("content-type"), channels: info.channels, data: [...data] };
  };
  assert.deepEqual(await pixels("channel=rgb"), {
    type: "image/png",
    channels: 3,
    data: [10, 20, 30, 50, 60, 70],
  });
  assert.deepEqual(await pixels("channel=a"), {
    type: "image/png",
    channels: 4,
    data: [0, 0, 0, 40, 0, 0, 0, 80],
  });
  assert.equal((await pixels("preview=jpeg;80")).type, "image/jpeg");
  assert.equal((await pixels("preview=jpeg&channel=rgba")).type, "image/webp");
  assert.equal((await pixels("preview=gif;0")).type, "image/webp");
  // A picture that was replaced is not shown from a cache.
  await sharp({ create: { width: 3, height: 3, channels: 3, background: "#010203" } })
    .png()
    .toFile(file);
  assert.equal((await pixels("channel=rgb")).data.length, 27);
  writeFileSync(path.join(folders.output, "text.png"), "no picture");
  assert.equal((await fetch(`${url}/view?filename=text.png&preview=webp`)).status, 400);
});
