import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { alive, freePort, until } from "../../../../tests/support/server.ts";
import { splitCommand, SupervisedCommand } from "./supervised-command.ts";

/** Answers on a port; hangs or ends when it is told to, and says which keys of Hearth it sees. */
const PROGRAM = `
const http = require("node:http");
console.log("started", process.argv.slice(2).join("|"), Object.keys(process.env).filter((key) => key.startsWith("HEARTH_")).length);
let hangs = false;
http.createServer((request, response) => {
  if (request.url === "/end") process.exit(3);
  if (request.url === "/ask" && !hangs) console.log("asked", process.pid);
  if (request.url === "/hang") hangs = true;
  else if (!hangs) response.end("{}");
}).listen(Number(process.argv[2]), "127.0.0.1");
`;

interface Scene {
  readonly url: string;
  readonly log: () => Promise<string>;
  readonly pid: () => Promise<number>;
  readonly supervise: (hangsMs?: number) => SupervisedCommand;
  readonly pidFile: string;
  readonly logFile: string;
}

async function scene(t: TestContext): Promise<Scene> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "hearth-command-"));
  const program = path.join(folder, "a program.cjs");
  await writeFile(program, PROGRAM);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [logFile, pidFile] = [path.join(folder, "logs/comfyui.log"), path.join(folder, "comfyui.pid")];
  const line = `"${process.execPath}" "${program}" ${port} 'two words' plain\\ one`;
  const supervised: SupervisedCommand[] = [];
  t.after(async () => {
    for (const one of supervised) await one.close();
    await rm(folder, { recursive: true });
  });
  const ask = async (): Promise<unknown> => await fetch(`${url}/ask`, { signal: AbortSignal.timeout(300) });
  const pid = async (): Promise<number> => {
    const text = await readFile(pidFile, "utf8").catch(() => '{"pid":0}');
    return text === "" ? 0 : (JSON.parse(text) as { pid: number }).pid;
  };
  return {
    url,
    logFile,
    pidFile,
    log: async () => await readFile(logFile, "utf8").catch(() => ""),
    pid,
    supervise: (hangsMs = 60_000) => {
      const one = new SupervisedCommand({ line, logFile, pidFile }, ask, {
        hangsMs,
        askMs: 100,
        watchMs: 20,
      });
      supervised.push(one);
      one.start();
      return one;
    },
  };
}

const running = async ({ pid, url }: Scene): Promise<number> =>
  await until("an answer of the program", async () => {
    const found = await pid();
    const answers = await fetch(url, { signal: AbortSignal.timeout(500) }).then(
      () => true,
      () => false,
    );
    return answers && found > 0 && alive(found) ? found : undefined;
  });

const another = async (of: Scene, than: number): Promise<number> =>
  await until("another process", async () => {
    const found = await running(of);
    return found === than ? undefined : found;
  });

test("it is started with its words, its output is kept, and nothing of Hearth is in its environment", async (t) => {
  process.env["HEARTH_SECRET"] = "x";
  t.after(() => delete process.env["HEARTH_SECRET"]);
  const here = await scene(t);
  here.supervise();
  await running(here);
  assert.match(await here.log(), /started \d+\|two words\|plain one 0\n/);
});

test("one that ends is started again; one that hangs, too", async (t) => {
  const here = await scene(t);
  here.supervise(500);
  const first = await running(here);
  await fetch(`${here.url}/end`).catch(() => undefined);
  const second = await another(here, first);
  await until("a first look at it", async () =>
    (await here.log()).includes(`asked ${second}`) ? true : undefined,
  );
  await fetch(`${here.url}/hang`, { signal: AbortSignal.timeout(100) }).catch(() => undefined);
  await another(here, second);
  await until("the end of the one that hung", () => (alive(second) ? undefined : true));
});

test("the next driver adopts what lives, and ends it", async (t) => {
  const here = await scene(t);
  const first = here.supervise();
  const pid = await running(here);
  // The first driver was killed: it watches no more, and its process goes on.
  first.forget();
  const next = here.supervise();
  await until("the adoption", () => (next.pid === pid ? true : undefined));
  assert.equal((await here.log()).match(/started/g)?.length, 1);
  await next.close();
  await until("its end", () => (alive(pid) ? undefined : true));
  await assert.rejects(stat(here.pidFile));
});

test("a process that only has the same id is not taken for it, and not ended", async (t) => {
  const here = await scene(t);
  await writeFile(here.pidFile, JSON.stringify({ pid: process.pid, started: "1" }));
  const command = here.supervise();
  assert.notEqual(await running(here), process.pid);
  await command.close();
});

test("somebody else's ComfyUI at the same address is left alone", async (t) => {
  const here = await scene(t);
  const owner = here.supervise();
  await running(here);
  owner.forget();
  const pid = await here.pid();
  await rm(here.pidFile);
  const other = here.supervise();
  await until("a look", () => (other.isLeaving ? true : undefined));
  await other.close();
  assert.ok(alive(pid));
  process.kill(pid, "SIGKILL");
});

test("a long log becomes the old one, and the process goes on writing", async (t) => {
  const here = await scene(t);
  const first = here.supervise();
  const pid = await running(here);
  await writeFile(here.logFile, "x".repeat(10 * 1024 * 1024), { flag: "a" });
  await until("the old log", async () => (await stat(`${here.logFile}.1`).catch(() => undefined)) && true);
  await until("a short log", async () => ((await stat(here.logFile)).size < 1000 ? true : undefined));
  assert.ok(alive(pid));
  await first.close();
});

test("a line is split as a shell does", () => {
  const cases: [string, string[]][] = [
    ["python main.py --port 8188", ["python", "main.py", "--port", "8188"]],
    [`  a "b c" 'd "e"' f\\ g ""  `, ["a", "b c", 'd "e"', "f g", ""]],
    [`--x="1 2" "\\"q\\"" 'back\\slash'`, ["--x=1 2", '"q"', "back\\slash"]],
  ];
  for (const [line, words] of cases) assert.deepEqual(splitCommand(line, false), words);
  assert.deepEqual(splitCommand("C:\\py\\python.exe main.py", true), ["C:\\py\\python.exe", "main.py"]);
  assert.throws(() => splitCommand("a 'b"), /open '/);
  assert.throws(() => splitCommand("  "), /empty/);
});
