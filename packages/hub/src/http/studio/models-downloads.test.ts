import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { DownloadStatus } from "../../downloads/download.ts";
import { ModelSite, sha256, studioModels, type StudioModels, until } from "./models-test-support.ts";

const HALF = 150_000;
const CONTENT = randomBytes(2 * HALF);

const detailOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { detail: string }).detail;

function ended(under: StudioModels, filename: string): Promise<DownloadStatus> {
  return until(() =>
    under.library.downloads
      .list()
      .find((one) => one.filename === filename && (one.status === "completed" || one.status === "failed")),
  );
}

function catalogued(under: StudioModels, site: ModelSite, ...names: string[]): void {
  under.catalogue("models", {
    models: names.map((name) => ({ filename: name, url: `${site.url}/${name}`, sha256: sha256(CONTENT) })),
  });
  for (const name of names) site.files.set(`/${name}`, CONTENT);
}

const checkpoints = ({ folders }: StudioModels): string[] =>
  readdirSync(path.join(folders.models, "checkpoints"));

test("S-35 a download is fetched, checked, placed, and told as an event", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  catalogued(under, site, "a.safetensors");
  const answer = await under.send("POST", "/api/admin/models/download/a.safetensors");
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as DownloadStatus).filename, "a.safetensors");
  const done = await ended(under, "a.safetensors");
  assert.deepEqual(done, {
    kind: "models",
    type: "checkpoints",
    filename: "a.safetensors",
    status: "completed",
    downloaded: CONTENT.length,
    total: CONTENT.length,
    percent: 100,
    speed: null,
    eta_seconds: null,
    error: null,
  });
  assert.deepEqual(checkpoints(under), ["a.safetensors"]);
  assert.ok(readFileSync(path.join(under.folders.models, "checkpoints/a.safetensors")).equals(CONTENT));
  const [event] = await until(async () => {
    const events = await under.events();
    return events.length > 0 ? events : undefined;
  });
  assert.equal(event?.type, "model.download.completed");
  assert.equal(event?.severity, "success");
  assert.equal(event?.message, "Downloaded: a.safetensors");
  assert.equal((JSON.parse(event?.data ?? "{}") as { filename: string }).filename, "a.safetensors");
  const again = await under.send("POST", "/api/admin/models/download/a.safetensors");
  assert.equal(again.status, 409);
  assert.match(await detailOf(again), /on the disk already/);
});

test("S-35 a file with another hash is removed, and the failure says so", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  catalogued(under, site, "a.safetensors");
  site.files.set("/a.safetensors", randomBytes(1_000));
  await under.send("POST", "/api/admin/models/download/a.safetensors");
  const failed = await ended(under, "a.safetensors");
  assert.match(String(failed.error), /its SHA-256 is not [0-9a-f]{64}$/);
  assert.deepEqual(checkpoints(under), []);
  const [event] = await until(async () => {
    const events = await under.events();
    return events.length > 0 ? events : undefined;
  });
  assert.equal(event?.type, "model.download.failed");
  assert.equal(event?.severity, "error");
});

test("a paused download goes on behind what it has", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  catalogued(under, site, "a.safetensors");
  site.holdAfter = HALF;
  await under.send("POST", "/api/admin/models/download/a.safetensors");
  await until(() => (under.library.downloads.list()[0]?.downloaded === HALF ? true : undefined));
  const paused = await under.send("POST", "/api/admin/models/download/a.safetensors/pause");
  const status = (await paused.json()) as DownloadStatus;
  assert.equal(status.status, "paused");
  assert.equal(status.downloaded, HALF);
  assert.equal(status.percent, 50);
  const twice = await under.send("POST", "/api/admin/models/download/a.safetensors/pause");
  assert.equal(twice.status, 409);
  assert.match(await detailOf(twice), /is paused, not queued or running/);
  // What is half there is no model yet.
  const listed = await under.json<{ filename: string; present: boolean }[]>("/api/admin/models");
  assert.deepEqual(
    listed.map(({ filename, present }) => ({ filename, present })),
    [{ filename: "a.safetensors", present: false }],
  );
  site.release();
  await under.send("POST", "/api/admin/models/download/a.safetensors/resume");
  assert.equal((await ended(under, "a.safetensors")).status, "completed");
  const { range, ifRange } = site.requests.at(-1) ?? {};
  assert.equal(range, `bytes=${HALF}-`);
  assert.equal(ifRange, `"${sha256(CONTENT).slice(0, 16)}"`);
  assert.ok(readFileSync(path.join(under.folders.models, "checkpoints/a.safetensors")).equals(CONTENT));
});

test("a file that changed on the server meanwhile is fetched from its start", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  const changed = randomBytes(CONTENT.length);
  under.catalogue("models", [{ filename: "a.ckpt", url: `${site.url}/a.ckpt` }]);
  site.files.set("/a.ckpt", CONTENT);
  site.holdAfter = HALF;
  await under.send("POST", "/api/admin/models/download/a.ckpt");
  await until(() => (under.library.downloads.list()[0]?.downloaded === HALF ? true : undefined));
  await under.send("POST", "/api/admin/models/download/a.ckpt/pause");
  site.files.set("/a.ckpt", changed);
  site.release();
  await under.send("POST", "/api/admin/models/download/a.ckpt/resume");
  assert.equal((await ended(under, "a.ckpt")).status, "completed");
  assert.ok(readFileSync(path.join(under.folders.models, "checkpoints/a.ckpt")).equals(changed));
});

test("connections that break are taken up again, servers that are away are asked again", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  catalogued(under, site, "a.safetensors", "b.safetensors");
  let tries = 0;
  site.answers.set("/b.safetensors", (_request, response) => {
    tries += 1;
    if (tries === 3) site.answers.delete("/b.safetensors");
    response.writeHead(503, { "retry-after": "0" }).end();
  });
  let broken = false;
  site.answers.set("/a.safetensors", (_request, response) => {
    broken = true;
    site.answers.delete("/a.safetensors");
    response.writeHead(200, { etag: `"${sha256(CONTENT).slice(0, 16)}"`, "content-length": CONTENT.length });
    response.write(CONTENT.subarray(0, 50_000), () => setImmediate(() => response.destroy()));
  });
  const batch = await under.send("POST", "/api/admin/models/download-batch", {
    filenames: ["a.safetensors", "b.safetensors", "c.safetensors"],
  });
  const { queued, skipped } = (await batch.json()) as { queued: DownloadStatus[]; skipped: object[] };
  assert.equal(queued.length, 2);
  assert.deepEqual(skipped, [
    { filename: "c.safetensors", detail: "The catalogue does not name 'c.safetensors'" },
  ]);
  assert.equal((await ended(under, "a.safetensors")).status, "completed");
  assert.equal((await ended(under, "b.safetensors")).status, "completed");
  assert.ok(broken);
  assert.equal(tries, 3);
});

test("no more run together than allowed; a raised limit starts waiting ones at once", async (t) => {
  const site = await ModelSite.start(t);
  let limit = 1;
  const under = await studioModels(t, site, { maxConcurrent: () => limit });
  catalogued(under, site, "a.ckpt", "b.ckpt", "c.ckpt");
  site.holdAfter = 10;
  await under.send("POST", "/api/admin/models/download-batch", { filenames: ["a.ckpt", "b.ckpt", "c.ckpt"] });
  await until(() => (site.held === 1 ? true : undefined));
  const states = (): string[] => under.library.downloads.list().map(({ status }) => status);
  assert.deepEqual(states(), ["running", "queued", "queued"]);
  limit = 2;
  under.library.downloads.kick();
  await until(() => (site.held === 2 ? true : undefined));
  assert.deepEqual(states(), ["running", "running", "queued"]);
  // A paused one makes room for the next.
  await under.send("POST", "/api/admin/models/download/a.ckpt/pause");
  await until(() => (states()[2] === "running" ? true : undefined));
  const cancelled = await under.send("DELETE", "/api/admin/models/download/a.ckpt");
  assert.deepEqual(await cancelled.json(), { cancelled: "a.ckpt" });
  assert.equal(under.library.downloads.list().length, 2);
  site.release();
  assert.equal((await ended(under, "b.ckpt")).status, "completed");
  assert.equal((await ended(under, "c.ckpt")).status, "completed");
  assert.deepEqual(checkpoints(under).sort(), ["b.ckpt", "c.ckpt"]);
});

test("tokens go to their host alone, and never along with a redirect", async (t) => {
  const site = await ModelSite.start(t);
  const storage = await ModelSite.start(t);
  const other = await ModelSite.start(t);
  const under = await studioModels(t, site, {
    hosts: { civitai: site.url, huggingFace: other.url },
    tokens: () => ({ civitai: "civitai-secret", huggingFace: "hf-secret" }),
  });
  under.catalogue("models", [
    // The usual address leads to where this installation finds that host.
    { filename: "a.ckpt", url: "https://civitai.com/api/download/models/7?type=Model" },
    { filename: "b.ckpt", url: `${storage.url}/b.ckpt` },
    { filename: "c.ckpt", url: "https://huggingface.co/o/r/resolve/main/c.ckpt" },
    { filename: "d.ckpt", url: "https://huggingface.co/gated" },
  ]);
  site.answers.set("/api/download/models/7?type=Model", (_request, response) =>
    response.writeHead(307, { location: `${storage.url}/signed?x=1` }).end(),
  );
  storage.files.set("/signed?x=1", CONTENT).set("/b.ckpt", CONTENT);
  other.files.set("/o/r/resolve/main/c.ckpt", CONTENT);
  other.answers.set("/gated", (_request, response) => response.writeHead(403).end());
  await under.send("POST", "/api/admin/models/download-batch", {
    filenames: ["a.ckpt", "b.ckpt", "c.ckpt", "d.ckpt"],
  });
  for (const name of ["a.ckpt", "b.ckpt", "c.ckpt"]) {
    assert.equal((await ended(under, name)).status, "completed");
  }
  assert.deepEqual(
    site.requests.map(({ authorization }) => authorization),
    ["Bearer civitai-secret"],
  );
  assert.deepEqual(
    storage.requests.map(({ authorization }) => authorization),
    [undefined, undefined],
  );
  assert.ok(other.requests.every(({ authorization }) => authorization === "Bearer hf-secret"));
  assert.match(String((await ended(under, "d.ckpt")).error), /refuses the file \(403\).*set HF_TOKEN/);
  const told = JSON.stringify(await under.events());
  assert.ok(!told.includes("secret"), "no token in events");
});

test("private addresses are refused unless allowed, also by a name and behind a redirect", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site, { allowPrivate: false });
  under.catalogue("models", [
    { filename: "a.ckpt", url: `${site.url}/a.ckpt` },
    { filename: "b.ckpt", url: `${site.url.replace("127.0.0.1", "localhost")}/b.ckpt` },
    { filename: "c.ckpt", url: "https://user:pass@example.com/c.ckpt" },
  ]);
  await under.send("POST", "/api/admin/models/download-batch", { filenames: ["a.ckpt", "b.ckpt", "c.ckpt"] });
  assert.match(String((await ended(under, "a.ckpt")).error), /private address/);
  assert.match(String((await ended(under, "b.ckpt")).error), /private address/);
  assert.match(String((await ended(under, "c.ckpt")).error), /user name or a password/);
  assert.equal(site.requests.length, 0);
});

test("a web page, a missing file and an unknown entry are named", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  under.catalogue("models", [
    { filename: "page.ckpt", url: `${site.url}/page` },
    { filename: "none.ckpt", url: `${site.url}/none` },
    { filename: "nowhere.ckpt" },
  ]);
  site.answers.set("/page", (_request, response) =>
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>sign in</html>"),
  );
  await under.send("POST", "/api/admin/models/download-batch", { filenames: ["page.ckpt", "none.ckpt"] });
  assert.match(String((await ended(under, "page.ckpt")).error), /web page instead of the file/);
  assert.match(String((await ended(under, "none.ckpt")).error), /answered 404/);
  assert.ok(!existsSync(path.join(under.folders.models, "checkpoints/page.ckpt")));
  for (const [name, status, reason] of [
    ["unknown.ckpt", 404, /catalogue does not name 'unknown\.ckpt'/],
    ["nowhere.ckpt", 422, /where 'nowhere\.ckpt' can be fetched/],
  ] as const) {
    const answer = await under.send("POST", `/api/admin/models/download/${name}`);
    assert.equal(answer.status, status);
    assert.match(await detailOf(answer), reason);
  }
  const resumed = await under.send("POST", "/api/admin/models/download/none.ckpt/resume");
  assert.equal(resumed.status, 200);
  await ended(under, "none.ckpt");
});

test("LoRAs and LLM files go to their own folders", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  under.catalogue("loras", [{ filename: "style/l.safetensors", url: `${site.url}/l` }]);
  under.catalogue("llm", [{ filename: "m.gguf", url: `${site.url}/m` }]);
  site.files.set("/l", CONTENT).set("/m", CONTENT);
  const name = encodeURIComponent("style/l.safetensors");
  assert.equal((await under.send("POST", `/api/admin/loras/download/${name}`)).status, 200);
  assert.equal((await under.send("POST", "/api/admin/llm/models/download/m.gguf")).status, 200);
  assert.equal((await ended(under, "style/l.safetensors")).status, "completed");
  assert.equal((await ended(under, "m.gguf")).status, "completed");
  assert.ok(existsSync(path.join(under.folders.models, "loras/style/l.safetensors")));
  assert.ok(existsSync(path.join(under.folders.studio, "llm/models/m.gguf")));
});

test("the status stream says everything at once and again, and ends with its client", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site, { statusMs: 10 });
  catalogued(under, site, "a.ckpt");
  site.holdAfter = HALF;
  const client = new AbortController();
  const answer = await fetch(`${under.url}/api/admin/models/status`, {
    headers: { "x-api-key": "secret-key" },
    signal: client.signal,
  });
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  const seen: string[] = [];
  let text = "";
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const read = async (wanted: string): Promise<void> => {
    for (;;) {
      const { value } = await reader.read();
      text += Buffer.from(value ?? []).toString();
      const lines = text.split("\n\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        assert.match(line, /^data: \{"downloads":\[/);
        const { downloads } = JSON.parse(line.slice(6)) as { downloads: DownloadStatus[] };
        seen.push(`${downloads[0]?.status ?? "none"} ${downloads[0]?.downloaded ?? 0}`);
      }
      if (seen.includes(wanted)) return;
    }
  };
  await read("none 0");
  await under.send("POST", "/api/admin/models/download/a.ckpt");
  await read(`running ${HALF}`);
  site.release();
  await read(`completed ${CONTENT.length}`);
  client.abort();
  assert.equal((await fetch(`${under.url}/api/admin/models/status`)).status, 401);
});
