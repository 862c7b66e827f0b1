import assert from "node:assert/strict";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { openSqliteStore } from "@hearth/jobs";
import { pino } from "pino";
import { closeContract, studioError } from "../http/own-contract.ts";
import { registerTelegram } from "../http/studio/telegram.ts";
import { startServer, temporaryFolders } from "../http/test-server.ts";
import { TelegramBot } from "./bot.ts";
import type { PublicPreset, RunOutcome } from "./parts.ts";
import { TestBotApi, TOKEN } from "./test-bot-api.ts";

const PRESETS: PublicPreset[] = [
  {
    id: "portrait",
    name: "Portrait",
    description: "A portrait from a photo",
    questions: [
      { question: "Which mood", choices: ["calm", "wild"] },
      { question: "Who", choices: null },
    ],
    takesPicture: true,
  },
  { id: "plain", name: "Plain", description: "", questions: [], takesPicture: false },
];

interface Started {
  readonly id: string;
  readonly answers: Readonly<Record<string, string>>;
  readonly picture: Buffer | undefined;
}

interface Under {
  readonly api: TestBotApi;
  readonly bot: TelegramBot;
  readonly base: string;
  readonly runs: Started[];
  readonly outcomes: Map<string, RunOutcome | null>;
  readonly logged: string[];
  send(method: string, where: string): Promise<{ status: number; body: Record<string, unknown> }>;
  /** starts the bot and pairs the usual chat */
  pair(): Promise<void>;
}

async function telegram(t: TestContext, given: { token?: string } = {}): Promise<Under> {
  const api = await TestBotApi.start(t);
  const folders = temporaryFolders(t);
  const store = await openSqliteStore(path.join(folders.studio, "test.db"));
  const runs: Started[] = [];
  const outcomes = new Map<string, RunOutcome | null>();
  const logged: string[] = [];
  const bot = new TelegramBot({
    documents: store.documents,
    log: pino({ level: "trace" }, { write: (line: string) => void logged.push(line) }),
    token: () => given.token ?? TOKEN,
    apiRoot: api.url,
    directory: path.join(folders.studio, "telegram"),
    presets: async () => PRESETS,
    runPreset: async (id, answers, picture) => {
      if (answers["Who"] === "nobody") throw new Error("there is nobody");
      runs.push({ id, answers: { ...answers }, picture: picture && readFileSync(picture.path) });
      return `prompt-${runs.length}`;
    },
    outcome: async (promptId) => outcomes.get(promptId),
    lookMs: 3_600_000,
    pollSeconds: 30,
  });
  const { url } = await startServer(t, { folders }, (app) => {
    registerTelegram(app, bot);
    closeContract(app, "/api/admin", studioError);
  });
  t.after(async () => {
    await bot.close();
    await store.close();
  });
  const send = async (
    method: string,
    where: string,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${url}/api/admin/telegram${where}`, {
      method,
      headers: { "x-api-key": "secret-key" },
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const pair = async (): Promise<void> => {
    assert.equal(await bot.start(), "started");
    api.says(`/start ${await bot.chats.code()}`);
    assert.match((await api.next()).text, /^This chat is paired/);
  };
  return { api, bot, base: folders.base, runs, outcomes, logged, send, pair };
}

test("start, stop and status say how the bot stands", async (t) => {
  const { send, api } = await telegram(t);
  const before = await send("GET", "/status");
  assert.deepEqual(before.body, {
    running: false,
    configured: true,
    name: "",
    username: "",
    chats: 0,
    error: null,
  });
  assert.deepEqual((await send("POST", "/stop")).body, { status: "not running" });
  assert.deepEqual((await send("POST", "/start")).body, { status: "started" });
  assert.deepEqual((await send("POST", "/start")).body, { status: "already running" });
  const { body } = await send("GET", "/status");
  assert.deepEqual(body, {
    running: true,
    configured: true,
    name: "Studio Bot",
    username: "studio_test_bot",
    chats: 0,
    error: null,
  });
  while (!api.isPolled) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual((await send("POST", "/stop")).body, { status: "stopped" });
  assert.equal(api.isPolled, false);
  const methods = api.calls.map(({ method }) => method);
  assert.deepEqual(methods.slice(0, 3), ["getMe", "deleteWebhook", "getUpdates"]);
  const poll = api.calls.find(({ method }) => method === "getUpdates");
  assert.equal(poll?.fields["timeout"], 30);
  assert.deepEqual(poll?.fields["allowed_updates"], ["message", "callback_query"]);
});

test("no token, a wrong one, and a second program are told apart", async (t) => {
  const none = await telegram(t, { token: "" });
  assert.deepEqual((await none.send("POST", "/start")).body, { status: "no token configured" });
  assert.equal(none.api.calls.length, 0);
  const wrong = await telegram(t, { token: "999:wrong" });
  const refused = await wrong.send("POST", "/start");
  assert.equal(refused.status, 502);
  assert.deepEqual(refused.body, { detail: "Telegram refuses the token" });
  const second = await telegram(t);
  second.api.refuse = (method) =>
    method === "getUpdates"
      ? { error_code: 409, description: "Conflict: terminated by other getUpdates" }
      : undefined;
  assert.equal(await second.bot.start(), "started");
  for (;;) {
    const { running, error } = await second.bot.status();
    if (!running) {
      assert.equal(error, "Another program polls with the same token");
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  second.api.refuse = () => undefined;
  assert.equal(await second.bot.start(), "started");
  assert.equal((await second.bot.status()).error, null);
});

test("a chat that does not show the code runs nothing; one taken off the list neither", async (t) => {
  const { api, bot, send } = await telegram(t);
  await bot.start();
  for (const text of ["/run", "/start", "/start wrong", "hello", "/notify on"]) {
    api.says(text, 13);
    assert.match((await api.next()).text, /^This bot is private/);
  }
  const { body } = await send("GET", "/chats");
  const code = String(body["pairing_code"]);
  assert.equal(body["pairing_link"], `https://t.me/studio_test_bot?start=${code}`);
  api.says(`/start ${code}`);
  assert.match((await api.next()).text, /^This chat is paired/);
  assert.deepEqual((await send("GET", "/chats")).body["chats"], [{ id: "777", name: "ada", notify: true }]);
  assert.deepEqual((await send("DELETE", "/chats/777")).body, { removed: "777" });
  assert.equal((await send("DELETE", "/chats/777")).status, 404);
  api.says("/run");
  assert.match((await api.next()).text, /^This bot is private/);
  // The old code is worth nothing any more.
  api.says(`/start ${code}`);
  assert.match((await api.next()).text, /^This bot is private/);
});

test("a preset with questions and a picture is run, and its files come back", async (t) => {
  const { api, bot, base, runs, outcomes, pair } = await telegram(t);
  await pair();
  api.says("/run");
  const offer = await api.next();
  assert.deepEqual(
    offer.buttons.map(({ text }) => text),
    ["Portrait", "Plain"],
  );
  const [portrait] = offer.buttons;
  assert.ok(portrait);
  api.presses(portrait);
  const mood = await api.next();
  assert.equal(mood.text, "Which mood?");
  api.says("sad");
  assert.match((await api.next()).text, /Choose one of: calm, wild/);
  const [, wild] = mood.buttons;
  assert.ok(wild);
  api.presses(wild);
  assert.equal((await api.next()).text, "Who?");
  api.says("Ada & co");
  assert.equal((await api.next()).text, "Send a picture.");
  api.sendsPhoto("photos/me.jpg", Buffer.from("jpeg bytes"));
  const confirm = await api.next();
  assert.equal(confirm.text, "Run Portrait?\nA portrait from a photo\nWhich mood: wild\nWho: Ada & co");
  const [go] = confirm.buttons;
  assert.ok(go);
  api.presses(go);
  assert.equal((await api.next()).text, "Portrait is queued.");
  assert.deepEqual(runs, [
    {
      id: "portrait",
      answers: { "Which mood": "wild", Who: "Ada & co" },
      picture: Buffer.from("jpeg bytes"),
    },
  ]);
  assert.deepEqual(readdirSync(path.join(base, "studio/telegram")), []);
  // Buttons of before do nothing.
  api.presses(go);
  assert.match((await api.next()).text, /This button is from before/);
  assert.equal(runs.length, 1);

  const file = (name: string): string => path.join(base, name);
  for (const name of ["a.png", "v.mp4", "s.flac", "x.bin", "big.png"]) writeFileSync(file(name), name);
  truncateSync(file("big.png"), 60 * 1024 * 1024);
  const media = ["image", "video", "audio", "other", "image"] as const;
  const names = ["a.png", "v.mp4", "s.flac", "x.bin", "big.png"];
  outcomes.set("prompt-1", {
    seeds: { seed: "7293847561029384" },
    files: names.map((filename, index) => ({
      path: file(filename),
      filename,
      media: media[index] ?? "other",
    })),
  });
  bot.jobEnded();
  const photo = await api.next();
  assert.equal(photo.method, "sendPhoto");
  assert.equal(photo.fields["chat_id"], "777");
  assert.equal(photo.text, "Portrait\nseed 7293847561029384");
  const sent = [...photo.files.values()][0];
  assert.deepEqual(sent, { filename: "a.png", content: Buffer.from("a.png") });
  assert.deepEqual(
    [(await api.next()).method, (await api.next()).method, (await api.next()).method],
    ["sendVideo", "sendAudio", "sendDocument"],
  );
  assert.match((await api.next()).text, /^big\.png has 60 MB, more than Telegram takes/);
  // Once is enough.
  bot.jobEnded();
  bot.tell({ type: "job.completed", message: "Job completed in 1s" });
  assert.equal((await api.next()).text, "Job completed in 1s");
});

test("failures are told: of a run that cannot begin, of one that failed, of a job that is gone", async (t) => {
  const { api, bot, outcomes, pair } = await telegram(t);
  await pair();
  const runPlain = async (): Promise<void> => {
    api.says("/run");
    const [, plain] = (await api.next()).buttons;
    assert.ok(plain);
    api.presses(plain);
    const [go] = (await api.next()).buttons;
    assert.ok(go);
    api.presses(go);
    assert.equal((await api.next()).text, "Plain is queued.");
  };
  outcomes.set("prompt-1", { error: "[KSampler] out of memory", files: [], seeds: {} });
  await runPlain();
  assert.equal((await api.next()).text, "Plain failed: [KSampler] out of memory");
  outcomes.set("prompt-2", null);
  await runPlain();
  assert.equal((await api.next()).text, "Plain: the job is gone.");
  api.says("/run");
  const [portrait] = (await api.next()).buttons;
  assert.ok(portrait);
  api.presses(portrait);
  const [calm] = (await api.next()).buttons;
  assert.ok(calm);
  api.presses(calm);
  await api.next();
  api.says("nobody");
  await api.next();
  api.sendsPhoto("p.jpg", Buffer.from("x"));
  const [go] = (await api.next()).buttons;
  assert.ok(go);
  api.presses(go);
  assert.equal((await api.next()).text, "Portrait could not be run: there is nobody");
  assert.equal((await bot.status()).running, true);
});

test("what was begun can be forgotten; a picture goes with it", async (t) => {
  const { api, base, pair, runs } = await telegram(t);
  await pair();
  api.says("/run");
  const [portrait] = (await api.next()).buttons;
  assert.ok(portrait);
  api.presses(portrait);
  const [calm] = (await api.next()).buttons;
  assert.ok(calm);
  api.sendsPhoto("early.jpg", Buffer.from("x"));
  assert.equal((await api.next()).text, "No picture is wanted now.");
  api.presses(calm);
  await api.next();
  api.says("me");
  await api.next();
  api.sendsPhoto("p.jpg", Buffer.from("x"));
  const [, cancel] = (await api.next()).buttons;
  assert.ok(cancel);
  assert.equal(readdirSync(path.join(base, "studio/telegram")).length, 1);
  api.presses(cancel);
  assert.equal((await api.next()).text, "Forgotten.");
  assert.deepEqual(readdirSync(path.join(base, "studio/telegram")), []);
  assert.equal(runs.length, 0);
});

test("chats hear what happens until they say no; a chat that is gone holds up nobody", async (t) => {
  const { api, bot, pair } = await telegram(t);
  await pair();
  bot.tell({ type: "job.failed", message: "Job failed" });
  assert.equal((await api.next()).text, "Job failed");
  bot.tell({ type: "job.queued", message: "not told" });
  bot.tell({ type: "model.download.completed", message: "Downloaded: a.ckpt" });
  assert.equal((await api.next()).text, "Downloaded: a.ckpt");
  let refusals = 0;
  api.refuse = (method) => {
    if (method !== "sendMessage" || refusals > 0) return undefined;
    refusals += 1;
    return { error_code: 429, description: "Too Many Requests", parameters: { retry_after: 0 } };
  };
  bot.tell({ type: "job.failed", message: "Again" });
  assert.equal((await api.next()).text, "Again");
  assert.equal((await api.next()).text, "Again", "it was sent once more when Telegram had asked for a pause");
  api.says("/notify off");
  assert.match((await api.next()).text, /are off/);
  bot.tell({ type: "job.failed", message: "unheard" });
  api.says("/help");
  assert.match((await api.next()).text, /^\/run/);
});

test("runs are kept over a restart, and no secret is logged", async (t) => {
  const { api, bot, outcomes, logged, pair } = await telegram(t);
  await pair();
  api.says("/run");
  const [, plain] = (await api.next()).buttons;
  assert.ok(plain);
  api.presses(plain);
  const [go] = (await api.next()).buttons;
  assert.ok(go);
  api.presses(go);
  await api.next();
  assert.equal(await bot.stop(), "stopped");
  assert.equal(api.unconfirmed, 0);
  outcomes.set("prompt-1", { files: [], seeds: {} });
  bot.jobEnded();
  assert.equal(await bot.start(), "started");
  assert.equal((await api.next()).text, "Plain is done, and made no file.");
  assert.ok(!logged.join("").includes("test-token"));
});
