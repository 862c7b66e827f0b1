import assert from "node:assert/strict";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { inflateRawSync } from "node:zlib";
import { archiveNames } from "./archive-names.ts";
import { jobsFixture, type JobsFixture, KEY } from "./jobs-fixture.ts";

const DETAILS = {
  workflow_id: "flow",
  workflow_name: "Grün",
  output_dir: "20260324_143052_a1b2c3",
  input_image: "myimage.png",
  params: { text: "größer" },
  seeds: { seed: 18446744073709551615n },
};

/** Names and contents of an archive, read from its central directory. */
function unzip(bytes: Buffer): Map<string, string> {
  const files = new Map<string, string>();
  let at = bytes.lastIndexOf(Buffer.from("PK\u0005\u0006"));
  const count = bytes.readUInt16LE(at + 10);
  at = bytes.readUInt32LE(at + 16);
  for (let index = 0; index < count; index += 1) {
    const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const packed = bytes.subarray(start, start + size);
    files.set(
      bytes.toString("utf8", at + 46, at + 46 + nameLength),
      String(method === 8 ? inflateRawSync(packed) : packed),
    );
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

async function packageOf(
  { url }: JobsFixture,
  id: string,
): Promise<{ response: Response; files: Map<string, string> }> {
  const response = await fetch(`${url}/api/admin/history/${id}/package`, { headers: KEY });
  return { response, files: unzip(Buffer.from(await response.arrayBuffer())) };
}

async function withFiles(t: TestContext): Promise<{ fixture: JobsFixture; id: string }> {
  const fixture = await jobsFixture(t);
  const out = (...parts: string[]): string => path.join(fixture.folders.output, ...parts);
  for (const folder of ["final", "preview"])
    await mkdir(out(DETAILS.output_dir, folder), { recursive: true });
  await writeFile(out(DETAILS.output_dir, "final", "final_00001.mp4"), "video");
  await writeFile(out(DETAILS.output_dir, "final", "same.png"), "one");
  await writeFile(out(DETAILS.output_dir, "preview", "same.png"), "two");
  await writeFile(out(DETAILS.output_dir, "preview", "empty.txt"), "");
  await writeFile(out(DETAILS.output_dir, ".incomplete"), "");
  await writeFile(out("recorded.txt"), "recorded");
  await writeFile(path.join(fixture.folders.base, "secret"), "secret");
  await symlink(path.join(fixture.folders.base, "secret"), out(DETAILS.output_dir, "link.txt"));
  await writeFile(path.join(fixture.folders.input, "myimage.png"), "input");
  const images = [
    { filename: "recorded.txt", subfolder: "", type: "output" },
    { filename: "secret", subfolder: "..", type: "output" },
    { filename: "gone.png", subfolder: "", type: "output" },
  ];
  return { fixture, id: await fixture.ran({ details: DETAILS }, { outputs: { "2": { images } } }) };
}

test("S-73 S-74 S-75 the record, the input and every output file, flat, and apart where names clash", async (t) => {
  const { fixture, id } = await withFiles(t);
  const { response, files } = await packageOf(fixture, id);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/zip");
  assert.equal(
    response.headers.get("content-disposition"),
    'attachment; filename="job_20260324_143052_a1b2c3.zip"',
  );
  const record = files.get("job.json") ?? "";
  files.delete("job.json");
  assert.deepEqual(Object.fromEntries(files), {
    "input/myimage.png": "input",
    "output/final_00001.mp4": "video",
    "output/final/same.png": "one",
    "output/preview/same.png": "two",
    "output/empty.txt": "",
    "output/recorded.txt": "recorded",
  });
  assert.match(record, /"workflow_name": "Grün",\n/);
  assert.match(record, /18446744073709551615/);
  assert.equal((JSON.parse(record) as { prompt_id: string }).prompt_id, id);
});

test("S-76 an unknown id is 404; a job without files has its record", async (t) => {
  const fixture = await jobsFixture(t);
  const unknown = await fixture.ask("GET", "/api/admin/history/nobody/package");
  assert.deepEqual([unknown.status, unknown.body], [404, { detail: "Job not found" }]);
  const id = await fixture.ran();
  const { response, files } = await packageOf(fixture, id);
  assert.deepEqual([...files.keys()], ["job.json"]);
  assert.equal(
    response.headers.get("content-disposition"),
    `attachment; filename="job_${id.slice(0, 12)}.zip"`,
  );
});

test("S-77 an active job gives a snapshot", async (t) => {
  const fixture = await jobsFixture(t);
  const id = await fixture.submit({ details: DETAILS });
  await fixture.worker.next();
  const { files } = await packageOf(fixture, id);
  assert.equal((JSON.parse(files.get("job.json") ?? "") as { status: string }).status, "running");
});

test("S-78 a big package is streamed in constant memory, and a client that leaves ends it", async (t) => {
  const fixture = await jobsFixture(t);
  const folder = path.join(fixture.folders.output, DETAILS.output_dir);
  await mkdir(folder);
  for (const name of ["a.mp4", "b.mp4"]) {
    await writeFile(path.join(folder, name), "");
    await truncate(path.join(folder, name), 150 * 1024 * 1024);
  }
  const id = await fixture.ran({ details: DETAILS });
  const url = `${fixture.url}/api/admin/history/${id}/package`;
  const response = await fetch(url, { headers: KEY });
  const before = process.memoryUsage().rss;
  let size = 0;
  let most = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    most = Math.max(most, process.memoryUsage().rss);
  }
  assert.ok(size > 300 * 1024 * 1024, `${size} bytes`);
  assert.ok(most - before < 120 * 1024 * 1024, `${Math.round((most - before) / 1e6)} MB more`);

  const abort = new AbortController();
  const left = await fetch(url, { headers: KEY, signal: abort.signal });
  await left.body?.getReader().read();
  abort.abort();
  assert.equal((await fetch(url, { method: "HEAD", headers: KEY })).status, 200, "the server is well");
});

test("S-78 names in an archive are harmless, and each stands there once", () => {
  assert.deepEqual(archiveNames(["../../etc/passwd", "/abs/x.png", "C:\\y.png"]), [
    "passwd",
    "x.png",
    "y.png",
  ]);
  assert.deepEqual(archiveNames(["a/x.png", "b/X.png", "x.png"]), ["a/x.png", "b/X.png", "x.png"]);
  assert.deepEqual(archiveNames(["../x.png", "x.png", "x.png"]), ["_/x.png", "x.png", "1_x.png"]);
});
