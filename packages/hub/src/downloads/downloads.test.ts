import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { type JobStore, openSqliteStore } from "@hearth/jobs";
import { pino } from "pino";
import { ModelSite, sha256, until } from "../http/studio/models-test-support.ts";
import { temporaryFolders } from "../http/test-server.ts";
import { type DownloadRecord, type DownloadStatus, keyOf, printRecord } from "./download.ts";
import { Downloads, type DownloadsParts } from "./downloads.ts";
import { authorizationFor, relocated, USUAL_HOSTS } from "./hosts.ts";
import { Speed } from "./speed.ts";

interface Under {
  readonly site: ModelSite;
  readonly store: JobStore;
  /** where the files go */
  readonly folder: string;
  /** what a hub that died left */
  leave(record: Partial<DownloadRecord>): Promise<void>;
  open(given?: Partial<DownloadsParts>): Promise<Downloads>;
}

const ORDER = { kind: "models", type: "checkpoints", filename: "a.ckpt" };

async function under(t: TestContext): Promise<Under> {
  const site = await ModelSite.start(t);
  const folders = temporaryFolders(t);
  const folder = path.join(folders.models, "checkpoints");
  mkdirSync(folder, { recursive: true });
  const store = await openSqliteStore(path.join(folders.studio, "test.db"));
  const opened: Downloads[] = [];
  t.after(async () => {
    for (const downloads of opened) await downloads.close();
    await store.close();
  });
  return {
    site,
    store,
    folder,
    leave: async (record) => {
      const whole: DownloadRecord = {
        ...ORDER,
        url: `${site.url}/a.ckpt`,
        state: "running",
        total: 0,
        addedAt: 1,
        ...record,
      };
      await store.documents.put("downloads", keyOf(whole), printRecord(whole));
    },
    open: async (given = {}) => {
      const downloads = await Downloads.open({
        store,
        folderOf: () => folder,
        sha256: async (file) => sha256(readFileSync(file)),
        maxConcurrent: () => 2,
        tokens: () => ({}),
        hosts: USUAL_HOSTS,
        allowPrivate: true,
        log: pino({ level: "silent" }),
        retryMs: 5,
        ...given,
      });
      opened.push(downloads);
      return downloads;
    },
  };
}

const ended = (downloads: Downloads): Promise<DownloadStatus> =>
  until(() => downloads.list().find(({ status }) => status === "completed" || status === "failed"));

test("a file that got its name just before the hub died is not fetched again", async (t) => {
  const { site, folder, leave, open } = await under(t);
  writeFileSync(path.join(folder, "a.ckpt"), "whole");
  await leave({ total: 5 });
  assert.equal((await ended(await open())).status, "completed");
  assert.equal(site.requests.length, 0);
});

test("another file that came to its place is left alone, and the download says so", async (t) => {
  const { site, folder, leave, open } = await under(t);
  site.files.set("/a.ckpt", Buffer.from("wanted"));
  writeFileSync(path.join(folder, "a.ckpt"), "somebody's");
  await leave({ sha256: sha256("wanted") });
  const { status, error } = await ended(await open());
  assert.equal(status, "failed");
  assert.match(String(error), /Another 'a\.ckpt' has come to the disk/);
  assert.equal(readFileSync(path.join(folder, "a.ckpt"), "utf8"), "somebody's");
});

test("a beginning that is of another file is thrown away when the hash says so", async (t) => {
  const { site, folder, leave, open } = await under(t);
  const content = Buffer.from("0123456789".repeat(100));
  site.files.set("/a.ckpt", content);
  await leave({ state: "paused", sha256: sha256(content) });
  const downloads = await open();
  // Without a validator only the hash can tell.
  site.holdAfter = 500;
  await downloads.resume(ORDER);
  await until(() => (site.held === 1 && downloads.get(ORDER)?.downloaded === 500 ? true : undefined));
  await downloads.pause(ORDER);
  site.release();
  const [partial = ""] = readdirSync(folder);
  writeFileSync(path.join(folder, partial), "x".repeat(500));
  await downloads.resume(ORDER);
  assert.equal((await ended(downloads)).status, "completed");
  assert.ok(readFileSync(path.join(folder, "a.ckpt")).equals(content));
  assert.deepEqual(
    site.requests.map(({ range }) => range),
    [undefined, "bytes=500-", undefined],
  );
});

test("a whole file that was not checked yet is checked without being fetched", async (t) => {
  const { site, folder, leave, open } = await under(t);
  const content = Buffer.from("0123456789");
  site.files.set("/a.ckpt", content);
  await leave({ state: "paused", sha256: sha256(content), total: 10, validator: '"v"' });
  const downloads = await open();
  // The name of the file in the making is the manager's own: let it make one.
  site.holdAfter = 4;
  await downloads.resume(ORDER);
  await until(() => (downloads.get(ORDER)?.downloaded === 4 ? true : undefined));
  await downloads.pause(ORDER);
  site.release();
  const [partial = ""] = readdirSync(folder);
  writeFileSync(path.join(folder, partial), content);
  const asked = site.requests.length;
  await downloads.resume(ORDER);
  assert.equal((await ended(downloads)).status, "completed");
  assert.equal(site.requests.length, asked);
});

test("a paused download stays so over a restart; a queued one begins", async (t) => {
  const { site, leave, open } = await under(t);
  site.files.set("/a.ckpt", Buffer.from("a"));
  await leave({ filename: "p.ckpt", state: "paused" });
  await leave({ state: "queued" });
  const downloads = await open();
  assert.equal((await ended(downloads)).filename, "a.ckpt");
  assert.equal(downloads.get({ ...ORDER, filename: "p.ckpt" })?.status, "paused");
  assert.equal(await downloads.pause({ ...ORDER, filename: "none" }), false);
  assert.equal(await downloads.cancel({ ...ORDER, filename: "p.ckpt" }), true);
  assert.equal(downloads.list().length, 1);
});

test("a file beyond the limit, or of an unknown folder, fails with its reason", async (t) => {
  const { site, folder, leave, open } = await under(t);
  site.files.set("/a.ckpt", Buffer.alloc(5_000));
  await leave({ state: "queued" });
  const { error } = await ended(await open({ maxBytes: 1_000 }));
  assert.match(String(error), /larger than the limit of 1000 bytes/);
  assert.deepEqual(readdirSync(folder), []);
  await leave({ state: "queued", filename: "../../out.ckpt" });
  const outside = await open();
  await until(() =>
    outside.list().some(({ error }) => /out of the folder/.test(error ?? "")) ? true : undefined,
  );
  assert.equal(site.requests.length, 1);
});

test("usual addresses move with their host, tokens stay with it", () => {
  const hosts = { civitai: "http://mirror.example/c/", huggingFace: "https://huggingface.co" };
  const moved = relocated(new URL("https://civitai.com/api/download/models/1?x=2"), hosts);
  assert.equal(moved.href, "http://mirror.example/c/api/download/models/1?x=2");
  const other = new URL("https://civitai.com.evil.example/a");
  assert.equal(relocated(other, hosts), other);
  const tokens = { civitai: "c", huggingFace: "h" };
  const shown = (text: string): string | undefined => authorizationFor(new URL(text), hosts, tokens);
  assert.equal(shown("http://mirror.example/anything"), "Bearer c");
  assert.equal(shown("https://huggingface.co/x"), "Bearer h");
  assert.equal(shown("http://huggingface.co/x"), undefined);
  assert.equal(shown("https://huggingface.co.evil.example/x"), undefined);
  assert.equal(shown("https://civitai.com/x"), undefined);
  assert.equal(authorizationFor(new URL("https://huggingface.co/x"), hosts, { huggingFace: "" }), undefined);
});

test("speed is that of the last seconds, and nothing while nothing arrives", () => {
  const speed = new Speed();
  assert.equal(speed.at(0, 0), null);
  speed.heard(0, 0);
  speed.heard(100, 10);
  assert.equal(speed.at(1_000, 100), null);
  speed.heard(1_000, 1_000);
  assert.equal(speed.at(1_000, 1_000), 1_000);
  for (let second = 2; second <= 10; second += 1) speed.heard(1_000 + second * 10, second * 1_000);
  assert.equal(speed.at(1_100, 10_000), 10);
  assert.equal(speed.at(1_100, 20_000), null);
});
