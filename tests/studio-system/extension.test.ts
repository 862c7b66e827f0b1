/** The browser extension in a real Chromium, against a started server. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type BrowserContext, chromium, type Page, type Worker } from "playwright-core";
import { PROJECT, TestServer, until } from "../support/server.ts";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const skip = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}`;
const EXTENSION = path.join(PROJECT, "extension");
const PACKS = ["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")];

let server: TestServer;
let site: http.Server;
let context: BrowserContext;
let worker: Worker;
let profile: string;
let picture: Buffer;

/** A site with a picture that a server made: its prompt is inside. */
async function serveSite(): Promise<string> {
  site = http.createServer((request, response) => {
    if (request.url?.endsWith(".png") === true) response.setHeader("content-type", "image/png").end(picture);
    else if (request.url === "/plain.txt") response.setHeader("content-type", "text/plain").end("words");
    else response.setHeader("content-type", "text/html").end("<img src='/a%20picture.png'>");
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
}

function key(): string {
  return readFileSync(path.join(server.base, "studio/api-key"), "utf8").trim();
}

const PROMPT = {
  "1": { class_type: "EmptyImage", inputs: { width: 24, height: 16, batch_size: 1, color: 255 } },
  "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "made" } },
};

async function makePicture(): Promise<Buffer> {
  assert.equal((await server.post("/prompt", { prompt: PROMPT })).status, 200);
  await server.idle();
  return Buffer.from(await (await fetch(`${server.url}/view?filename=made_00001_.png`)).arrayBuffer());
}

let siteUrl = "";
before(async () => {
  if (skip !== false) return;
  server = await TestServer.start(PACKS);
  picture = await makePicture();
  siteUrl = await serveSite();
  profile = mkdtempSync(path.join(os.tmpdir(), "hearth-chromium-"));
  context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    ignoreDefaultArgs: ["--disable-extensions"],
    args: ["--no-sandbox", `--disable-extensions-except=${EXTENSION}`, `--load-extension=${EXTENSION}`],
  });
  worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
});
after(async () => {
  if (skip !== false) return;
  await context?.close();
  site?.close();
  site?.closeAllConnections();
  await server?.stop();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
});

async function open(name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(new URL(name, worker.url()).href);
  return page;
}

/** What the menu does; a test cannot open the menu of a browser. */
async function perform(entry: "send" | "run", url: string): Promise<{ text: string; isDone: boolean }> {
  return worker.evaluate(
    async ([entry, url]) => {
      const here = globalThis as unknown as {
        perform(entry: string, url: string): Promise<void>;
        chrome: { storage: { session: { get(key: string): Promise<{ last: object }> } } };
      };
      await here.perform(entry, url);
      return (await here.chrome.storage.session.get("last")).last as { text: string; isDone: boolean };
    },
    [entry, url] as const,
  );
}

test("the options take the server and its key, and try them", { skip }, async () => {
  const page = await open("options.html");
  await page.fill("#server", `${server.url}/`);
  await page.fill("#key", "wrong");
  await page.click("button[type=submit]");
  await page.getByText("The server wants another key.").waitFor();
  await page.fill("#key", key());
  await page.click("button[type=submit]");
  await page.getByText("Saved. The server answers.").waitFor();
  await page.close();
});

test("the menu is there for pictures", { skip }, async () => {
  const count = await worker.evaluate(async () => {
    const { chrome } = globalThis as unknown as {
      chrome: { contextMenus: { update(id: string, change: object): Promise<void> } };
    };
    // Changing an entry that is not there fails.
    await chrome.contextMenus.update("send", {});
    await chrome.contextMenus.update("run", {});
    return 2;
  });
  assert.equal(count, 2);
});

test("a picture of a page goes into the input folder, byte for byte", { skip }, async () => {
  const outcome = await perform("send", `${siteUrl}/a%20picture.png`);
  assert.deepEqual([outcome.text, outcome.isDone], ["Sent as a picture.png.", true]);
  assert.deepEqual(readFileSync(path.join(server.base, "input/a picture.png")), picture);
});

test("the workflow inside a picture is queued and runs", { skip }, async () => {
  const outcome = await perform("run", `${siteUrl}/a%20picture.png`);
  assert.equal(outcome.isDone, true, outcome.text);
  const id = /^Queued as ([\w-]+)\.$/.exec(outcome.text)?.[1] ?? "";
  await server.idle();
  const history = await server.json<
    Record<string, { prompt: [number, string, object]; status: { status_str: string } }>
  >(`/history/${id}`);
  assert.equal(history[id]?.status.status_str, "success");
  assert.deepEqual(history[id]?.prompt[2], PROMPT);
});

test("what cannot be done is said in the popup", { skip }, async () => {
  for (const [entry, url, text] of [
    ["send", `${siteUrl}/plain.txt`, "This is not a picture."],
    ["run", "data:image/gif;base64,R0lGODlhAQABAAAAACw=", "There is no workflow inside this picture."],
    ["send", "http://127.0.0.1:9/x.png", "The picture cannot be loaded."],
  ] as const) {
    const outcome = await perform(entry, url);
    assert.deepEqual([outcome.text, outcome.isDone], [text, false]);
  }
  const page = await open("popup.html");
  await page.locator("#last", { hasText: "The picture cannot be loaded." }).waitFor();
  await page.close();
});

test("the popup shows the queue with its progress", { skip }, async () => {
  const prompt = {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 9 } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds: 4 } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
  const answer = await server.post("/prompt", { prompt });
  const { prompt_id } = (await answer.json()) as { prompt_id: string };
  const page = await open("popup.html");
  await page.getByText("1 in the queue").waitFor();
  await page.locator("#queue li", { hasText: prompt_id }).locator("progress").waitFor();
  await page.getByText("Nothing runs and nothing waits.").waitFor({ timeout: 30_000 });
  await page.close();
});

test("without the server the popup says so", { skip }, async () => {
  await server.terminate();
  await until("the server's end", async () => ((await server.answers()) === true ? undefined : true));
  const page = await open("popup.html");
  await page.getByText("The server cannot be reached.").waitFor();
  await page.close();
});
