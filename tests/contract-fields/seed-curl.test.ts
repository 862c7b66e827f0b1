/** The commands of the Studio pages, as printed but for the host, the key and the id of the job. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { application, makeOrigin, versionDocument } from "../studio-system/update-repository.ts";
import { PROJECT } from "../support/server.ts";
import { KEY, StudioClient } from "./studio.ts";

const run = promisify(execFile);
const PAGES = ["studio-events-api.txt", "studio-jobs-api.txt", "studio-system-api.txt"];
const SEEDS = path.join(PROJECT, "../shared/seeds");
const HOST = "https://your-pod.runpod.io";
const JOB = "abc12345-6789-0def-ghij-klmnopqrstuv";

/** Commands of a page, with their continued lines. */
function commandsOf(page: string): string[] {
  const lines = readFileSync(path.join(SEEDS, page), "utf8").split("\n");
  const commands: string[] = [];
  let isOpen = false;
  for (const line of lines) {
    if (isOpen) commands.push(`${commands.pop() ?? ""}\n${line.replace(/Skip to content$/, "")}`);
    else if (line.startsWith("curl ")) commands.push(line);
    else continue;
    isOpen = line.endsWith("\\");
  }
  return commands;
}

const hasCurl = await run("curl", ["--version"]).then(
  () => true,
  () => false,
);
const skip = !hasCurl
  ? "there is no curl"
  : PAGES.every((page) => existsSync(path.join(SEEDS, page)))
    ? false
    : "the seed pages are not here";

let folder: string;
let studio: StudioClient;
before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(path.join(os.tmpdir(), "hearth-curl-"));
  const origin = makeOrigin(folder);
  origin.publish(application("two", versionDocument("0.0.1", { backend: "0.0.1" })));
  studio = await StudioClient.start({ REPO_URL: origin.url, CIVITAI_API_KEY: "" });
  studio.addWorkflow();
});
after(async () => {
  if (skip !== false) return;
  await studio.server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command of a page; gives the status and what curl printed or wrote. */
async function status(command: string): Promise<{ code: number; body: Buffer }> {
  let line = command.replaceAll(HOST, studio.server.url).replaceAll("your-api-key", KEY);
  if (line.includes(JOB)) {
    const id = await studio.execute();
    await studio.ended(id);
    line = line.replaceAll(JOB, id);
  }
  const shown = line.replace(/^curl /, "curl -sS -w '\\n%{http_code}' ");
  const { stdout } = await run("sh", ["-c", shown], { cwd: folder });
  const at = stdout.lastIndexOf("\n");
  const file = /-o (\S+)/.exec(line)?.[1];
  const body = file === undefined ? Buffer.from(stdout.slice(0, at)) : readFileSync(path.join(folder, file));
  return { code: Number(stdout.slice(at + 1)), body };
}

for (const page of PAGES) {
  test(`the commands of ${page} work as printed`, { skip }, async () => {
    const commands = commandsOf(page);
    assert.ok(commands.length >= 4);
    for (const command of commands) {
      const { hub } = studio.server.ids();
      const { code, body } = await status(command);
      assert.equal(code, 200, `${command}: ${body.toString()}`);
      if (command.includes("-o ")) assert.equal(body.subarray(0, 2).toString(), "PK", command);
      else assert.doesNotThrow(() => JSON.parse(body.toString()), command);
      if (command.includes("/restart")) await studio.whenRestarted(hub);
    }
  });
}
