import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import http from "node:http";
import path from "node:path";
import { type TestContext, test } from "node:test";
import type { NewEvent } from "@hearth/jobs";
import type { Folders } from "@hearth/protocol";
import sharp from "sharp";
import { closeContract, studioError } from "../own-contract.ts";
import { BOUNDARY, formBody, type FormPart, startServer, temporaryFolders } from "../test-server.ts";
import { registerStudioAssets } from "./assets.ts";

/** Programs of the system, not of the packages. */
const [FFMPEG, UNZIP] = ["ffmpeg", "unzip"] as const;
const KEY = { "x-api-key": "secret-key" };

interface Studio {
  readonly url: string;
  readonly folders: Folders;
  readonly events: NewEvent[];
  get(path: string): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
  upload(parts: readonly FormPart[], headers?: Record<string, string>): Promise<Response>;
  write(name: string, content: string | Buffer, second?: number): void;
}

async function studio(t: TestContext, ffmpeg?: string): Promise<Studio> {
  const events: NewEvent[] = [];
  const store = { addEvent: async (event: NewEvent) => void events.push(event) };
  const folders = temporaryFolders(t);
  const parts = { folders, store, maxUploadBytes: 1024 * 1024, ffmpeg };
  const { url } = await startServer(t, { folders }, (app) => {
    registerStudioAssets(app, parts);
    closeContract(app, "/api/admin", studioError);
  });
  return {
    url,
    folders,
    events,
    get: (where) => fetch(url + where, { headers: KEY }),
    post: (where, body) => fetch(url + where, { method: "POST", headers: KEY, body: JSON.stringify(body) }),
    upload: (parts, headers = {}) =>
      fetch(`${url}/api/admin/assets/upload-inputs`, {
        method: "POST",
        headers: { ...KEY, "content-type": `multipart/form-data; boundary=${BOUNDARY}`, ...headers },
        body: new Uint8Array(formBody(parts)),
      }),
    write: (name, content, second) => {
      const file = path.join(folders.base, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
      if (second !== undefined) utimesSync(file, second, second);
    },
  };
}

const detailOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { detail: string }).detail;

test("S-34 uploads of several files: one event with their names, and none when nothing arrived", async (t) => {
  const { upload, folders, events } = await studio(t);
  const answer = await upload([
    { name: "files", filename: "a.png", content: "one" },
    { name: "files", filename: "../../b c.png", content: "two" },
    { name: "other", filename: ".hidden", content: "three" },
    { name: "files", filename: "", content: "nameless" },
    { name: "text", content: "no file" },
  ]);
  assert.equal(answer.status, 200);
  const { uploaded, failed } = (await answer.json()) as {
    uploaded: { filename: string; original: string; size: number; path: string }[];
    failed: { filename: string; detail: string }[];
  };
  assert.deepEqual(
    uploaded.map(({ filename }) => filename),
    ["a.png", "b c.png", "_hidden"],
  );
  assert.deepEqual(uploaded[0], { filename: "a.png", original: "a.png", size: 3, path: "input/a.png" });
  assert.deepEqual(failed, [{ filename: "", detail: "The file has no name" }]);
  assert.equal(readFileSync(path.join(folders.input, "b c.png"), "utf8"), "two");
  assert.deepEqual(readdirSync(folders.input).sort(), ["_hidden", "a.png", "b c.png"]);
  assert.deepEqual(events, [
    {
      type: "assets.uploaded",
      severity: "info",
      message: "Uploaded: a.png, b c.png, _hidden",
      data: { files: ["a.png", "b c.png", "_hidden"] },
    },
  ]);
  assert.equal((await upload([{ name: "text", content: "no file" }])).status, 422);
  assert.equal(events.length, 1);
});

test("an upload of an existing name keeps both, the same content once", async (t) => {
  const { upload, folders } = await studio(t);
  const names: string[] = [];
  for (const content of ["one", "two", "one"]) {
    const answer = await upload([{ name: "f", filename: "a.png", content }]);
    const { uploaded } = (await answer.json()) as { uploaded: { filename: string }[] };
    names.push(uploaded[0]?.filename ?? "");
  }
  assert.deepEqual(names, ["a.png", "a (1).png", "a.png"]);
  assert.deepEqual(readdirSync(folders.input).sort(), ["a (1).png", "a.png"]);
});

test("an upload that is too large, broken or cut off leaves nothing", async (t) => {
  const { upload, folders, url } = await studio(t);
  const file = { name: "f", filename: "big.png", content: Buffer.alloc(2 * 1024 * 1024) };
  const large = await upload([file]);
  assert.equal(large.status, 413);
  assert.match(await detailOf(large), /larger than the limit of 1048576 bytes/);
  const plain = await upload([], { "content-type": "text/plain" });
  assert.equal(plain.status, 422);
  assert.match(await detailOf(plain), /multipart form/);
  const whole = formBody([{ name: "f", filename: "a.png", content: "x".repeat(10_000) }]);
  const request = http.request(`${url}/api/admin/assets/upload-inputs`, {
    method: "POST",
    headers: {
      ...KEY,
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
      "content-length": whole.length,
    },
  });
  request.on("error", () => undefined);
  request.write(whole.subarray(0, 5_000));
  for (;;) {
    if (readdirSync(folders.input).length > 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  request.destroy();
  for (;;) {
    if (readdirSync(folders.input).length === 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
});

test("lists: newest first, without what is hidden, a link or elsewhere; running jobs are marked", async (t) => {
  const { get, write, folders } = await studio(t);
  write("output/job/final/b.png", "22", 1_774_359_052);
  write("output/job/.incomplete", "");
  write("output/a.mp4", "1", 1_774_359_000);
  write("output/notes.txt", "333", 1_774_358_000);
  write("outside/secret.png", "x");
  symlinkSync(path.join(folders.base, "outside"), path.join(folders.output, "link"));
  const answer = await get("/api/admin/assets/outputs");
  assert.equal(answer.headers.get("x-total-count"), "3");
  assert.deepEqual(await answer.json(), [
    {
      path: "output/job/final/b.png",
      filename: "b.png",
      subfolder: "job/final",
      type: "output",
      size: 2,
      modified: "2026-03-24T14:30:52",
      media: "image",
      incomplete: true,
      url: "/view?filename=b.png&subfolder=job%2Ffinal&type=output",
    },
    {
      path: "output/a.mp4",
      filename: "a.mp4",
      subfolder: "",
      type: "output",
      size: 1,
      modified: "2026-03-24T14:30:00",
      media: "video",
      incomplete: false,
      url: "/view?filename=a.mp4&subfolder=&type=output",
    },
    {
      path: "output/notes.txt",
      filename: "notes.txt",
      subfolder: "",
      type: "output",
      size: 3,
      modified: "2026-03-24T14:13:20",
      media: null,
      incomplete: false,
      url: "/view?filename=notes.txt&subfolder=&type=output",
    },
  ]);
  const names = async (query: string): Promise<string[]> =>
    ((await (await get(`/api/admin/assets/outputs${query}`)).json()) as { filename: string }[]).map(
      ({ filename }) => filename,
    );
  assert.deepEqual(await names("?limit=1&offset=1"), ["a.mp4"]);
  assert.deepEqual(await names("?media=image"), ["b.png"]);
  assert.deepEqual(await names("?search=JOB"), ["b.png"]);
  assert.deepEqual(await (await get("/api/admin/assets/inputs")).json(), []);
  const unknown = await get("/api/admin/assets/temp");
  assert.equal(unknown.status, 400);
  assert.match(await detailOf(unknown), /inputs and outputs, but no 'temp'/);
  assert.equal((await get("/api/admin/assets/outputs?limit=-1")).status, 422);
});

test("S-34 deletion names what is gone and why the rest is not; folders left empty go too", async (t) => {
  const { post, write, folders, events } = await studio(t);
  write("output/job/final/a.png", "a");
  write("output/keep/b.png", "b");
  write("output/keep/c.png", "c");
  write("input/i.png", "i");
  write("secret.txt", "s");
  symlinkSync(path.join(folders.base, "secret.txt"), path.join(folders.input, "link.txt"));
  const answer = await post("/api/admin/assets/delete", {
    paths: [
      "output/job/final/a.png",
      "outputs/keep/b.png",
      "inputs/i.png",
      "input/../secret.txt",
      "input/link.txt",
      "output/keep",
      "output/none.png",
      "output",
      "temp/x",
      "output/job/final/a.png",
    ],
  });
  assert.deepEqual(await answer.json(), {
    deleted: ["output/job/final/a.png", "output/keep/b.png", "input/i.png"],
    failed: [
      { path: "input/../secret.txt", detail: "'input/../secret.txt' leads out of the input folder" },
      { path: "input/link.txt", detail: "'input/link.txt' leads out of the input folder" },
      { path: "output/keep", detail: "There is no file 'output/keep'" },
      { path: "output/none.png", detail: "There is no file 'output/none.png'" },
      {
        path: "output",
        detail: "'output' is not a file's path: it must be input/<file> or output/<file>",
      },
      {
        path: "temp/x",
        detail: "'temp/x' is not a file's path: it must be input/<file> or output/<file>",
      },
    ],
  });
  assert.deepEqual(readdirSync(folders.output), ["keep"]);
  assert.ok(existsSync(path.join(folders.base, "secret.txt")));
  assert.deepEqual(
    events.map(({ type, data }) => ({ type, data })),
    [
      {
        type: "assets.deleted",
        data: { files: ["output/job/final/a.png", "output/keep/b.png", "input/i.png"] },
      },
    ],
  );
  await post("/api/admin/assets/delete", { paths: ["output/none.png"] });
  assert.equal(events.length, 1);
  assert.equal((await post("/api/admin/assets/delete", { paths: "x" })).status, 422);
});

test("outputs as an archive: all, one folder, or chosen files", async (t) => {
  const { get, post, write, folders } = await studio(t);
  write("output/job/a.png", "picture");
  write("output/b.txt", "text ".repeat(1_000));
  write("output/empty.txt", "");
  write("output/job/.incomplete", "");
  write("input/i.png", "input");
  const entries = async (answer: Response): Promise<Record<string, string>> => {
    assert.equal(answer.headers.get("content-type"), "application/zip");
    const file = path.join(folders.base, "got.zip");
    writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
    const names = execFileSync(UNZIP, ["-Z1", file]).toString().trim().split("\n").sort();
    return Object.fromEntries(
      names.map((name) => [name, execFileSync(UNZIP, ["-p", file, name]).toString()]),
    );
  };
  const all = await get("/api/admin/outputs-zip");
  assert.equal(all.headers.get("content-disposition"), 'attachment; filename="outputs.zip"');
  assert.deepEqual(await entries(all), {
    "b.txt": "text ".repeat(1_000),
    "empty.txt": "",
    "job/a.png": "picture",
  });
  assert.deepEqual(await entries(await get("/api/admin/outputs-zip?folder=job")), { "a.png": "picture" });
  const chosen = await post("/api/admin/outputs-zip", { paths: ["output/job/a.png", "input/i.png"] });
  assert.deepEqual(await entries(chosen), { "input/i.png": "input", "output/job/a.png": "picture" });
  assert.equal((await get("/api/admin/outputs-zip?folder=none")).status, 404);
  assert.equal((await get("/api/admin/outputs-zip?folder=../input")).status, 400);
  assert.equal((await post("/api/admin/outputs-zip", { paths: ["output/none"] })).status, 404);
  assert.equal((await post("/api/admin/outputs-zip", { paths: [] })).status, 422);
});

test("a reader of an archive that goes away leaves no file open", async (t) => {
  const { url, write, folders } = await studio(t);
  write("output/big.png", "");
  // More than sockets hold, and nothing on the disk.
  truncateSync(path.join(folders.output, "big.png"), 1024 ** 3);
  write("output/other.png", Buffer.alloc(1024, 1));
  const open = (): string[] =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`);
        return target.startsWith(folders.output) ? [target] : [];
      } catch {
        // Closed since it was listed.
        return [];
      }
    });
  if (!existsSync("/proc/self/fd")) return t.skip("this system does not list open files");
  const client = new AbortController();
  const answer = await fetch(`${url}/api/admin/outputs-zip`, { headers: KEY, signal: client.signal });
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  while (open().length !== 1) await new Promise((resolve) => setTimeout(resolve, 5));
  client.abort();
  while (open().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

test("a thumbnail: sized WebP, kept on disk, another one when the file changes", async (t) => {
  const { get, write, folders } = await studio(t);
  const picture = (width: number, height: number): Promise<Buffer> =>
    sharp({ create: { width, height, channels: 3, background: "#336699" } })
      .png()
      .toBuffer();
  write("output/job/wide.png", await picture(800, 400));
  write("input/small.png", await picture(40, 20));
  const where = "/api/admin/assets/thumbnail";
  const answer = await get(`${where}?path=output/job/wide.png&size=100`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "image/webp");
  const { format, width, height } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
  assert.deepEqual({ format, width, height }, { format: "webp", width: 100, height: 50 });
  const kept = (): string[] =>
    readdirSync(path.join(folders.studio, "thumbnails"), { recursive: true, encoding: "utf8" }).filter(
      (name) => name.endsWith(".webp"),
    );
  assert.equal(kept().length, 1);
  const etag = answer.headers.get("etag") ?? "";
  const again = await fetch(`${new URL(answer.url)}`, { headers: { ...KEY, "if-none-match": etag } });
  assert.equal(again.status, 304);
  assert.equal(kept().length, 1);
  const small = await get(`${where}?path=inputs/small.png`);
  assert.equal((await sharp(Buffer.from(await small.arrayBuffer())).metadata()).width, 40);
  write("output/job/wide.png", await picture(300, 900));
  const changed = await get(`${where}?path=output/job/wide.png&size=100`);
  assert.equal((await sharp(Buffer.from(await changed.arrayBuffer())).metadata()).height, 100);
  assert.equal(kept().length, 3);
  const together = await Promise.all(
    Array.from({ length: 20 }, () => get(`${where}?path=output/job/wide.png&size=64`)),
  );
  assert.ok(together.every(({ status }) => status === 200));
  assert.equal(kept().length, 4);
});

test("what gets no thumbnail says why", async (t) => {
  const { get, write } = await studio(t);
  write("output/notes.txt", "text");
  write("output/broken.png", "this is no picture");
  write("output/drawing.png", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  const bomb = Buffer.from(
    await sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } })
      .png()
      .toBuffer(),
  );
  // Its header says 60,000 × 60,000.
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  write("output/bomb.png", bomb);
  const refused = async (query: string, status: number, reason: RegExp): Promise<void> => {
    const answer = await get(`/api/admin/assets/thumbnail?${query}`);
    assert.equal(answer.status, status, query);
    assert.match(await detailOf(answer), reason);
  };
  await refused("path=output/notes.txt", 415, /'notes\.txt': it is neither a picture nor a video/);
  await refused("path=output/broken.png", 415, /decoded|unsupported/);
  await refused("path=output/drawing.png", 415, /the format svg/);
  await refused("path=output/bomb.png", 415, /too many|decoded|crc|header/i);
  await refused("path=output/none.png", 404, /no file 'output\/none\.png'/);
  await refused("path=output/../hearth.json", 400, /leads out/);
  await refused("path=output/notes.txt&size=5000", 422, /size/);
  await refused("size=100", 422, /path/);
});

test("a video's thumbnail is its first frame; without ffmpeg the answer says so", async (t) => {
  const hasFfmpeg = ((): boolean => {
    try {
      execFileSync(FFMPEG, ["-version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();
  const without = await studio(t, path.join("/", "no-such-ffmpeg"));
  without.write("output/a.mp4", "x");
  const missing = await without.get("/api/admin/assets/thumbnail?path=output/a.mp4");
  assert.equal(missing.status, 415);
  assert.match(await detailOf(missing), /videos need ffmpeg/);
  if (!hasFfmpeg) return t.diagnostic("ffmpeg is not here: no video was made");
  const { get, write, folders } = await studio(t);
  const file = path.join(folders.output, "v.mp4");
  execFileSync(FFMPEG, ["-v", "error", "-f", "lavfi", "-i", "color=red:s=320x160:d=1:r=5", file]);
  const answer = await get("/api/admin/assets/thumbnail?path=output/v.mp4&size=80");
  assert.equal(answer.status, 200);
  const { data, info } = await sharp(Buffer.from(await answer.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.width, info.height], [80, 40]);
  assert.ok((data[0] ?? 0) > 200 && (data[1] ?? 255) < 50, "the frame is red");
  rmSync(file);
  // A list of other files in a video's clothes: the one reader that is let look does not know lists.
  write("output/list.mp4", "#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n");
  assert.equal((await get("/api/admin/assets/thumbnail?path=output/list.mp4")).status, 415);
});

test("every operation wants a key, and deletion the scope admin", async (t) => {
  const { url } = await studio(t);
  for (const [method, where] of [
    ["GET", "/api/admin/assets/inputs"],
    ["POST", "/api/admin/assets/upload-inputs"],
    ["POST", "/api/admin/assets/delete"],
    ["GET", "/api/admin/outputs-zip"],
    ["POST", "/api/admin/outputs-zip"],
    ["GET", "/api/admin/assets/thumbnail?path=output/a.png"],
  ] as const) {
    const answer = await fetch(url + where, { method });
    assert.equal(answer.status, 401, where);
    await answer.body?.cancel();
  }
});
