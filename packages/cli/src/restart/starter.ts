/** What `bin/hearth.js` does where the server is a process of its own, for a server that restarts without such a starter. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import os from "node:os";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs Node with `command` as a child that ends with this process, however it ends; again when the child exits with
 * `again`. Signals are handed on. @returns the exit status of the last child
 */
export async function beStarter(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
  again: number,
): Promise<number> {
  for (;;) {
    // The pipe on descriptor 3 closes when this process dies.
    const child = spawn(process.execPath, command, {
      stdio: ["inherit", "inherit", "inherit", "pipe"],
      env: { ...environment, HEARTH_STARTER_PIPE: "3" },
    });
    const handOn = SIGNALS.map((signal) => [signal, () => void child.kill(signal)] as const);
    for (const [signal, listener] of handOn) process.on(signal, listener);
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    for (const [name, listener] of handOn) process.off(name, listener);
    if (code === again) continue;
    return code ?? 128 + (os.constants.signals[signal ?? "SIGTERM"] ?? 0);
  }
}
