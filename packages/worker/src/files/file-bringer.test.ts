import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { type Folders, makeFolders, parseJson, resolveFolders } from "@hearth/protocol";
import type { Assignment, EngineEvents, WorkerEngine } from "../engine-port.ts";
import { FileBringer } from "./file-bringer.ts";
import { SharedFiles } from "./shared-files.ts";

function temporary(t: TestContext): Folders {
  const base = mkdtempSync(path.join(os.tmpdir(), "hearth-bring-"));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const folders = resolveFolders({ base });
  makeFolders(folders);
  return folders;
}

const REF = { jobId: "job", promptId: "p", attempt: 1 };

interface Started {
  readonly own: Folders;
  readonly hub: Folders;
  readonly bringer: FileBringer;
  /** what the engine says */
  readonly engine: () => EngineEvents;
  readonly told: string[];
  readonly calls: string[];
  /** resolves with the last that was told, when it is that */
  heard(start: string): Promise<string>;
}

function start(t: TestContext): Started {
  const [own, hub] = [temporary(t), temporary(t)];
  const told: string[] = [];
  const calls: string[] = [];
  let engineEvents: EngineEvents | undefined;
  const waiting = new Set<() => void>();
  const tell = (text: string): void => {
    told.push(text);
    for (const look of waiting) look();
  };
  const engine: WorkerEngine = {
    concurrency: 1,
    start: (events) => (engineEvents = events),
    run: (assignment) => void calls.push(`run ${assignment.jobId}`),
    interrupt: () => void calls.push("interrupt"),
    free: () => undefined,
    close: () => Promise.resolve(),
  };
  const bringer = new FileBringer(engine, new SharedFiles(hub), own);
  bringer.start({
    ready: () => undefined,
    announced: () => undefined,
    stateChanged: () => undefined,
    said: (_attempt, message) => tell(`said ${message}`),
    previewed: () => tell("previewed"),
    finished: (_attempt, result) => tell(`finished ${result}`),
    gaveUp: (_attempt, { kind, text }) => tell(`gave up ${kind} ${text}`),
    died: () => undefined,
  });
  return {
    ...{ own, hub, bringer, told, calls },
    engine: () => engineEvents as EngineEvents,
    heard: (begin) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = told.find((text) => text.startsWith(begin));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

function assignment(...names: string[]): Assignment {
  const files = names.map((name) => ({ type: "input" as const, name, size: 1, modifiedMs: 0 }));
  return { type: "assign", ...REF, prompt: "{}", extraData: "{}", outputs: [], files };
}

test("inputs are there before the prompt runs; one that is missing is a reason to give up", async (t) => {
  const { own, hub, bringer, calls, heard } = start(t);
  writeFileSync(path.join(hub.input, "a.png"), "content");
  bringer.run(assignment("a.png"));
  bringer.interrupt(REF);
  while (calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls, ["run job", "interrupt"]);
  assert.equal(readFileSync(path.join(own.input, "a.png"), "utf8"), "content");
  bringer.run(assignment("none.png"));
  assert.match(await heard("gave up"), /^gave up files .*none\.png/);
});

test("outputs are the hub's before anybody hears of them, under the names that they have there", async (t) => {
  const { own, hub, engine, told, heard } = start(t);
  writeFileSync(path.join(hub.output, "x_00001_.png"), "of another");
  writeFileSync(path.join(own.output, "x_00001_.png"), "ours");
  const image = { filename: "x_00001_.png", subfolder: "", type: "output" };
  engine().said(REF, '{"kind":"json","type":"executing","data":{"node":"2"}}');
  engine().said(
    REF,
    JSON.stringify({ kind: "json", type: "executed", data: { output: { images: [image] } } }),
  );
  engine().said(REF, '{"kind":"json","type":"execution_success","data":{"n":1.0}}');
  engine().finished(REF, JSON.stringify({ status: "success", outputs: { "2": { images: [image] } } }));
  const result = await heard("finished");
  assert.equal(readFileSync(path.join(hub.output, "x_00002_.png"), "utf8"), "ours");
  assert.match(told[1] ?? "", /"x_00002_\.png"/);
  assert.match(told[2] ?? "", /"n":1\.0/, "in order, and as they were said");
  assert.match(result, /"x_00002_\.png"/);
  while (existsSync(path.join(own.output, "x_00001_.png")))
    await new Promise((resolve) => setImmediate(resolve));
  // The engine shows it again from its cache.
  engine().finished(
    { ...REF, jobId: "next" },
    JSON.stringify({ status: "success", outputs: { "2": { images: [image] } } }),
  );
  const again = await heard('finished {"status":"success"');
  assert.ok(parseJson(again.slice("finished ".length)));
  assert.ok(!existsSync(path.join(hub.output, "x_00003_.png")));
});

test("an output that cannot be given is a reason to give up", async (t) => {
  const { engine, heard } = start(t);
  engine().finished(
    REF,
    '{"status":"success","outputs":{"2":{"images":[{"filename":"gone.png","subfolder":"","type":"temp"}]}}}',
  );
  assert.match(await heard("gave up"), /^gave up files/);
});
