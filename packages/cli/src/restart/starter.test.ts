import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { beStarter } from "./starter.ts";

test("a child that asks for it is started again, and the last status is given on", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-starter-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const runs = path.join(folder, "runs");
  const script = path.join(folder, "child.mjs");
  writeFileSync(
    script,
    `import { appendFileSync, fstatSync, readFileSync } from "node:fs";
     const pipe = process.env.HEARTH_STARTER_PIPE === "3" && (fstatSync(3).isFIFO() || fstatSync(3).isSocket());
     appendFileSync(${JSON.stringify(runs)}, process.env.MARK + pipe + "\\n");
     process.exit(readFileSync(${JSON.stringify(runs)}, "utf8").split("\\n").length <= 3 ? 75 : 4);`,
  );
  assert.equal(await beStarter([script], { ...process.env, MARK: "m-" }, 75), 4);
  assert.equal(readFileSync(runs, "utf8"), "m-true\n".repeat(3));
});

test("a signal ends the child, and the status says which", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-starter-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = path.join(folder, "starter.ts");
  const starter = new URL("./starter.ts", import.meta.url).href;
  writeFileSync(
    script,
    `import { beStarter } from ${JSON.stringify(starter)};
     process.exitCode = await beStarter(["-e", "console.log('child'); setInterval(() => {}, 1000)"], process.env, 75);`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface(child.stdout), "line");
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit")) as [number | null];
  assert.equal(code, 128 + os.constants.signals.SIGTERM);
});
