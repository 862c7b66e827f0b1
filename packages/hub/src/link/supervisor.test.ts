import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { pino } from "pino";
import { WorkerSupervisor } from "./supervisor.ts";

type End = { code: number | null; signal: string | null };

/** A process id that belongs to nobody any more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? -1;
}

test("a worker that is lost before its end is known is replaced by one, not by two", async (t) => {
  const started: { pid: number; end: (how: End) => void }[] = [];
  const pids = [await deadPid(), process.pid];
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const supervisor = new WorkerSupervisor(
    {
      name: "native",
      settings: "",
      start: () => {
        const { promise, resolve } = Promise.withResolvers<End>();
        const pid = pids[started.length] ?? process.pid;
        started.push({ pid, end: resolve });
        return { pid, ended: promise };
      },
    },
    pino({ level: "silent" }),
    () => undefined,
  );
  supervisor.begin(undefined);
  supervisor.joined(pids[0] ?? -1);
  // The link breaks first; that the process ended is heard afterwards.
  supervisor.lost(pids[0] ?? -1);
  assert.equal(started.length, 2);
  started[0]?.end({ code: null, signal: "SIGKILL" });
  await Promise.resolve();
  t.mock.timers.tick(60_000);
  assert.equal(started.length, 2, "the second is starting");
  // Its own end counts.
  started[1]?.end({ code: 1, signal: null });
  await Promise.resolve();
  t.mock.timers.tick(60_000);
  assert.equal(started.length, 3);
  supervisor.stop();
});
