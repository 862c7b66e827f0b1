/** A chat runs a preset of Studio: the bot, the runner and the database are real, the worker is played by the test. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import type { Finish } from "@hearth/jobs";
import { parseJson, type JsonObject } from "@hearth/protocol";
import { pino } from "pino";
import { TelegramBot } from "../../telegram/bot.ts";
import { TestBotApi, TOKEN } from "../../telegram/test-bot-api.ts";
import { INVERT, PIXEL, type RunServer, startRunner } from "./run-test-server.ts";
import { telegramPresets } from "./telegram-presets.ts";

interface Chat {
  readonly server: RunServer;
  readonly api: TestBotApi;
  readonly bot: TelegramBot;
}

async function chat(t: TestContext): Promise<Chat> {
  const server = await startRunner(t);
  server.write(INVERT.manifest, INVERT.files);
  const workflow = { workflow_id: "invert", params: { label: "[[Which word:one|two]]", seed: -1 } };
  for (const preset of [
    { id: "inverted", name: "Inverted", workflow },
    { id: "hidden", name: "Hidden", private: true, workflow },
  ]) {
    assert.equal((await server.ask("POST", "/api/admin/presets", preset)).status, 200);
  }
  mkdirSync(path.join(server.folders.studio, "presets"), { recursive: true });
  const orphan = { id: "orphan", name: "Orphan", workflow: { workflow_id: "gone", params: {} } };
  writeFileSync(path.join(server.folders.studio, "presets/orphan.json"), JSON.stringify(orphan));
  const api = await TestBotApi.start(t);
  const bot = new TelegramBot({
    documents: server.store.documents,
    log: pino({ level: "silent" }),
    token: () => TOKEN,
    apiRoot: api.url,
    directory: path.join(server.folders.studio, "telegram"),
    lookMs: 3_600_000,
    ...telegramPresets(server.runner.context),
  });
  t.after(() => bot.close());
  await bot.start();
  api.says(`/start ${await bot.chats.code()}`);
  await api.next();
  return { server, api, bot };
}

/** Runs the preset with a picture; gives the prompt that was queued. */
async function run({ server, api }: Chat): Promise<JsonObject> {
  api.says("/run");
  const offer = await api.next();
  assert.deepEqual(
    offer.buttons.map(({ text }) => text),
    ["Inverted"],
    "neither the private preset nor the one without its workflow is offered",
  );
  const [inverted] = offer.buttons;
  assert.ok(inverted);
  api.presses(inverted);
  const [, two] = (await api.next()).buttons;
  assert.ok(two);
  api.presses(two);
  assert.equal((await api.next()).text, "Send a picture.");
  api.sendsPhoto("photos/p.jpg", PIXEL);
  const [go] = (await api.next()).buttons;
  assert.ok(go);
  api.presses(go);
  assert.equal((await api.next()).text, "Inverted is queued.");
  const { jobs } = await server.store.listRecords({ order: "newest" });
  const job = await server.store.get(jobs[0]?.id ?? "");
  return parseJson(job?.prompt ?? "") as JsonObject;
}

async function finish({ server, bot }: Chat, more: Partial<Finish>): Promise<void> {
  const job = await server.store.claim("w", { leaseMs: 60_000 });
  assert.ok(job);
  await server.store.finish(job.id, job.attempt, {
    state: "completed",
    outputs: "{}",
    status: "{}",
    meta: "{}",
    error: undefined,
    nodeTimes: "{}",
    outputsCount: 0,
    previewableCount: 0,
    previewOutput: undefined,
    startedAt: 10,
    endedAt: 20,
    ...more,
  });
  bot.jobEnded();
}

test("the answers and the picture reach the prompt, the picture that it makes reaches the chat", async (t) => {
  const under = await chat(t);
  const prompt = await run(under);
  const { inputs } = prompt["1"] as { inputs: JsonObject };
  assert.match(String(inputs["image"]), /telegram-.*\.jpg$/);
  assert.deepEqual(readdirSync(under.server.folders.input), [inputs["image"]]);
  const { inputs: saved } = prompt["3"] as { inputs: JsonObject };
  assert.match(String(saved["filename_prefix"]), /final/);
  const { jobs } = await under.server.store.listRecords({ order: "newest" });
  assert.equal(jobs[0]?.owner, "telegram");
  const details = parseJson(jobs[0]?.details ?? "") as { params: JsonObject; seeds: JsonObject };
  assert.deepEqual(details.params, { label: "two", seed: -1 });
  assert.ok(Number(details.seeds["seed"]) >= 0);
  mkdirSync(path.join(under.server.folders.output, "job/final"), { recursive: true });
  writeFileSync(path.join(under.server.folders.output, "job/final/r.png"), PIXEL);
  const images = [
    { filename: "r.png", subfolder: "job/final", type: "output" },
    { filename: "../../../x.png", subfolder: "..", type: "output" },
  ];
  await finish(under, { outputs: JSON.stringify({ "3": { images } }) });
  const photo = await under.api.next();
  assert.equal(photo.method, "sendPhoto");
  assert.equal(photo.text, `Inverted\nseed ${details.seeds["seed"]}`);
  assert.deepEqual([...photo.files.values()], [{ filename: "r.png", content: PIXEL }]);
});

test("a run that fails says why, as the history does", async (t) => {
  const under = await chat(t);
  await run(under);
  const error = { node_id: "3", node_type: "SaveImage", exception_message: "the disk is full" };
  await finish(under, { state: "failed", error: JSON.stringify(error) });
  assert.match((await under.api.next()).text, /^Inverted failed: .*the disk is full$/);
});
