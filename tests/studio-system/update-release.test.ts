/** A started server that updates itself: the new release runs when it is healthy, else the old one is back. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { PROJECT, TestServer, until } from "../support/server.ts";
import { application, makeOrigin, versionDocument } from "./update-repository.ts";

const PACKS = ["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")];

interface ShownStatus {
  readonly components: Readonly<Record<string, { readonly version: string }>>;
}

interface ShownUpdate {
  readonly updated: readonly string[];
  readonly restart_needed: boolean;
  readonly detail?: string;
}

/** A release whose command is this code; what it imports is the project's. */
function release(version: string, code: string): Record<string, string> {
  return {
    ...application(version, versionDocument(version, { backend: version })),
    "packages/cli/src/main.ts": code,
  };
}

test("a healthy release takes over with its jobs, one that is not gives way by itself", async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-origin-"));
  const origin = makeOrigin(folder);
  process.env["REPO_URL"] = origin.url;
  const server = await TestServer.start(PACKS);
  t.after(async () => {
    delete process.env["REPO_URL"];
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const headers = { "x-api-key": readFileSync(path.join(server.base, "studio/api-key"), "utf8").trim() };
  const backend = async (): Promise<string | undefined> => {
    try {
      const answer = await fetch(`${server.url}/api/admin/system/status`, { headers });
      return ((await answer.json()) as ShownStatus).components["backend"]?.version;
    } catch {
      return undefined;
    }
  };
  const update = async (): Promise<ShownUpdate> => {
    const answer = await fetch(`${server.url}/api/admin/system/update`, { method: "POST", headers });
    return (await answer.json()) as ShownUpdate;
  };
  const trial = (): { state: string; reason: string } =>
    JSON.parse(readFileSync(path.join(server.base, "studio/update.json"), "utf8")) as never;
  // Releases have no dependencies of their own here: they find those of the project from the folder above.
  symlinkSync(path.join(PROJECT, "node_modules"), path.join(server.base, "studio/node_modules"));
  assert.equal(await backend(), "0.1.0", "the installation's own version.json");

  const main = path.join(PROJECT, "packages/cli/src/main.ts");
  origin.publish(release("1.0.0", `console.log("release 1.0.0"); await import(${JSON.stringify(main)});`));
  const prompt = {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 5 } },
    "2": { class_type: "TestSleep", inputs: { value: ["1", 0], seconds: 8 } },
    "3": { class_type: "PreviewImage", inputs: { images: ["2", 0] } },
  };
  const queued = (await (await server.post("/prompt", { prompt })).json()) as { prompt_id: string };
  const { detail, ...applied } = await update();
  assert.equal(detail, undefined);
  assert.deepEqual([applied.updated, applied.restart_needed].flat(), [
    "backend",
    ...["models", "loras", "llm_models", "workflows"].filter((name) => applied.updated.includes(name)),
    true,
  ]);
  await until("the new release", async () => ((await backend()) === "1.0.0" ? true : undefined));
  assert.match(server.output, /release 1\.0\.0/);
  assert.equal(trial().state, "confirmed");
  await server.idle();
  const history = await server.json<Record<string, { status: { status_str: string } }>>(
    `/history/${queued.prompt_id}`,
  );
  const status = history[queued.prompt_id]?.status;
  assert.equal(status?.status_str, "success", JSON.stringify(status));

  origin.publish(release("2.0.0", `console.log("release 2.0.0"); throw new Error("broken on purpose");`));
  assert.equal((await update()).restart_needed, true);
  await until("the old release", async () =>
    trial().state === "rolled_back" && (await backend()) === "1.0.0" ? true : undefined,
  );
  assert.match(server.output, /release 2\.0\.0[^]*release 1\.0\.0/);
  const told = await until("the event", () =>
    readFileSync(path.join(server.base, "studio/events.jsonl"), "utf8")
      .split("\n")
      .find((line) => line.includes("system.update.failed")),
  );
  assert.match(told, /it ended with status 1/);
});
