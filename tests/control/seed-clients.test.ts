/** The seed page's own commands and client, as printed but for the host, the id and the token. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { PROJECT, type TestServer } from "../support/server.ts";
import { ControlClient, KEY, picture, startControl } from "./support.ts";

const run = promisify(execFile);
const SEED = path.join(PROJECT, "../shared/seeds/comfycontrol-subscribe-api.txt");
const HOST = "https://api.comfycontrol.app";

let server: TestServer;
let client: ControlClient;
before(async () => {
  server = await startControl();
  client = new ControlClient(server.url);
});
after(() => server.stop());

async function works(program: string, ...args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}

/** Debian's own first, whose packages `scripts/set-up.sh` installs: another may come before it on PATH, without them. */
async function pythonWithRequests(): Promise<string | undefined> {
  for (const program of ["/usr/bin/python3", "python3"]) {
    if (await works(program, "-c", "import requests")) return program;
  }
  return undefined;
}

const noSeed = existsSync(SEED) ? false : "the seed pages are not here";
const noCurl = (await works("curl", "--version")) ? false : "there is no curl";
const python = await pythonWithRequests();
const noPython =
  python === undefined ? "no Python here has `requests`: scripts/set-up.sh installs it" : false;

test("the seed's curl line follows a workflow to its end", { skip: noSeed || noCurl }, async () => {
  const id = await client.create(picture({ seconds: 0.3 }));
  const line = /curl --request GET[\s\S]*?Bearer <token>'/.exec(readFileSync(SEED, "utf8"))?.[0] ?? "";
  assert.notEqual(line, "");
  const command = line.replace(HOST, server.url).replace("{id}", id).replace("<token>", KEY);
  const { stdout } = await run("sh", ["-c", command]);
  const events = stdout.trimEnd().split("\n\n");
  assert.ok(events.every((event) => event.startsWith("data: {")));
  assert.match(events.at(-1) ?? "", /"status":"completed"/);
});

test("the seed's Python client follows a workflow to its end", { skip: noSeed || noPython }, async () => {
  const seed = readFileSync(SEED, "utf8");
  const program = seed.slice(seed.indexOf("import requests")).replace(HOST, server.url);
  assert.ok(program.includes("def monitor_workflow"));
  for (const [graph, end] of [
    [picture({ seconds: 0.3 }), "completed"],
    [
      {
        ...picture(),
        "3": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "../out" } },
      },
      "failed",
    ],
  ] as const) {
    const id = await client.create(graph);
    const { stdout } = await run(python ?? "", ["-c", `${program}\nmonitor_workflow("${id}", "${KEY}")\n`]);
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.at(-1), "Workflow finished");
    assert.equal(lines.at(-2), `Status: ${end}`);
  }
});
