import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelSite, sha256, studioModels, type StudioModels, until } from "./models-test-support.ts";

const detailOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { detail: string }).detail;

interface Status {
  readonly running: boolean;
  readonly total: number;
  readonly done: number;
  readonly new: number;
  readonly failed: number;
  readonly current: string | null;
}

const pathOf = (content: string): string => `/api/v1/model-versions/by-hash/${sha256(content)}`;

function known(site: ModelSite, content: string, name: string): void {
  const body = JSON.stringify({
    id: 128713,
    modelId: 4384,
    name: "8",
    baseModel: "SD 1.5",
    trainedWords: ["word", 5],
    downloadUrl: "https://civitai.com/api/download/models/128713",
    model: { name, type: "Checkpoint", nsfw: false },
    images: [
      { url: "https://image.example/1.jpeg", width: 512, height: 768 },
      { url: "javascript:alert(1)" },
    ],
  });
  site.answers.set(pathOf(content), (_request, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end(body),
  );
}

const fetchOne = (under: StudioModels, filename: string, force = false): Promise<Response> =>
  under.send("POST", "/api/admin/models/fetch-metadata", { filename, force });

const told = async (under: StudioModels): Promise<{ type: string; severity: string | undefined }[]> =>
  (await under.events()).map(({ type, severity }) => ({ type, severity }));

test("S-33 metadata by hash: success when it is new, info when nothing is, error when it fails", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site, { tokens: () => ({ civitai: "secret" }) });
  under.write("models/checkpoints/a.ckpt", "aaa");
  under.write("models/checkpoints/b.ckpt", "bbb");
  known(site, "aaa", "DreamShaper");
  const answer = await fetchOne(under, "a.ckpt");
  assert.equal(answer.status, 200);
  const metadata = {
    source: "civitai",
    model_id: 4384,
    version_id: 128713,
    name: "DreamShaper",
    version_name: "8",
    type: "Checkpoint",
    base_model: "SD 1.5",
    nsfw: false,
    trigger_words: ["word"],
    pictures: [{ url: "https://image.example/1.jpeg", width: 512, height: 768 }],
    download_url: "https://civitai.com/api/download/models/128713",
    page_url: `${site.url}/models/4384?modelVersionId=128713`,
  };
  assert.deepEqual(await answer.json(), {
    filename: "a.ckpt",
    result: "new",
    sha256: sha256("aaa"),
    metadata,
  });
  assert.deepEqual(
    site.requests.map(({ url, authorization }) => ({ url, authorization })),
    [{ url: pathOf("aaa"), authorization: "Bearer secret" }],
  );
  // From the cache: the site is not asked again.
  assert.equal(((await (await fetchOne(under, "a.ckpt")).json()) as { result: string }).result, "same");
  assert.equal(site.requests.length, 1);
  assert.equal(((await (await fetchOne(under, "a.ckpt", true)).json()) as { result: string }).result, "same");
  assert.equal(site.requests.length, 2);
  const unknown = (await (await fetchOne(under, "b.ckpt")).json()) as { result: string; metadata: null };
  assert.equal(unknown.result, "unknown");
  assert.equal(unknown.metadata, null);
  site.answers.set(pathOf("bbb"), (_request, response) => response.writeHead(403).end());
  const failed = await fetchOne(under, "b.ckpt", true);
  assert.equal(failed.status, 502);
  assert.match(await detailOf(failed), /answered 403/);
  assert.equal((await fetchOne(under, "none.ckpt")).status, 404);
  assert.deepEqual(await told(under), [
    { type: "model.metadata.fetched", severity: "success" },
    { type: "model.metadata.fetched", severity: "info" },
    { type: "model.metadata.fetched", severity: "info" },
    { type: "model.metadata.fetched", severity: "info" },
    { type: "model.metadata.failed", severity: "error" },
  ]);
  const [listed] = await under.json<{ metadata: object; base_model: string }[]>("/api/admin/models");
  assert.deepEqual(listed?.metadata, metadata);
  assert.equal(listed?.base_model, "SD 1.5");
});

test("S-33 a batch ends with success, or with a warning when some failed", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site);
  under.write("models/checkpoints/a.ckpt", "aaa");
  under.write("models/checkpoints/b.ckpt", "bbb");
  under.catalogue("models", [
    { filename: "c.ckpt", sha256: sha256("ccc").toUpperCase() },
    { filename: "d.ckpt" },
  ]);
  for (const content of ["aaa", "bbb", "ccc"]) known(site, content, content);
  const run = async (body: object): Promise<Status> => {
    const begun = await under.send("POST", "/api/admin/models/fetch-metadata", body);
    assert.equal(begun.status, 202);
    await begun.body?.cancel();
    return until(async () => {
      const status = await under.json<Status>("/api/admin/models/metadata-status");
      return status.running ? undefined : status;
    });
  };
  // Without names: what is on the disk.
  assert.deepEqual(await run({}), { running: false, total: 2, done: 2, new: 2, failed: 0, current: null });
  const second = await run({ filenames: ["c.ckpt", "d.ckpt"] });
  assert.deepEqual(second, { running: false, total: 2, done: 2, new: 1, failed: 1, current: null });
  const events = await under.events();
  const ends = events.filter(({ type }) => type === "model.metadata.batch.completed");
  assert.deepEqual(
    ends.map(({ severity, data }) => ({ severity, data: JSON.parse(data) as unknown })),
    [
      { severity: "success", data: { total: 2, new: 2, failed: 0 } },
      { severity: "warning", data: { total: 2, new: 1, failed: 1 } },
    ],
  );
  assert.equal(events.filter(({ type }) => type === "model.metadata.failed").length, 1);
  assert.equal(
    (await under.send("POST", "/api/admin/models/fetch-metadata", { filenames: ["x"] })).status,
    404,
  );
});

test("one batch at a time; the site is asked slowly, and left alone when it says so", async (t) => {
  const site = await ModelSite.start(t);
  const under = await studioModels(t, site, { metadataIntervalMs: 60 });
  under.write("models/checkpoints/a.ckpt", "aaa");
  under.write("models/checkpoints/b.ckpt", "bbb");
  const asked: number[] = [];
  let isRefused = false;
  for (const content of ["aaa", "bbb"]) {
    site.answers.set(pathOf(content), (_request, response) => {
      asked.push(performance.now());
      if (isRefused) return response.writeHead(200).end("{}");
      isRefused = true;
      return response.writeHead(429, { "retry-after": "0" }).end();
    });
  }
  assert.equal((await under.send("POST", "/api/admin/models/fetch-metadata", {})).status, 202);
  const refused = await under.send("POST", "/api/admin/models/fetch-metadata", {});
  assert.equal(refused.status, 409);
  await refused.body?.cancel();
  await until(async () => {
    const status = await under.json<Status>("/api/admin/models/metadata-status");
    return status.running ? undefined : status;
  });
  assert.equal(asked.length, 3);
  // Timers may be early by less than a millisecond, and connections take their time.
  for (const [index, at] of asked.entries()) if (index > 0) assert.ok(at - (asked[index - 1] ?? 0) >= 50);
});
