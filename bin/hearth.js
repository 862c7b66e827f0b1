#!/usr/bin/env node
// Starts Hearth on Node 24. npm brings that Node as an optional dependency, so that a machine with an older one
// (20.19 or later) needs nothing else. Old syntax on purpose: this file must at least parse everywhere.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const main = path.join(here, "..", "packages", "cli", "src", "restart", "start.ts");
const cache =
  process.env.NODE_COMPILE_CACHE || path.join(os.tmpdir(), "hearth-compile-cache-" + os.userInfo().uid);
process.env.NODE_COMPILE_CACHE = cache;

function bundledNode() {
  const name = "node-" + process.platform + "-" + process.arch;
  try {
    const file = path.join(
      path.dirname(module.createRequire(import.meta.url).resolve(name + "/package.json")),
      "bin",
      "node",
    );
    return existsSync(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

// HEARTH_STARTER=process keeps the starter apart even where it could run the server itself.
const isNewEnough = Number(process.versions.node.split(".")[0]) >= 24;
if (isNewEnough && process.env.HEARTH_STARTER !== "process") {
  module.enableCompileCache(cache);
  await import(main);
} else {
  const node = isNewEnough ? process.execPath : bundledNode();
  if (node === undefined) {
    console.error(
      "hearth: Node 24 is needed, this is " +
        process.version +
        "; run `npm ci` in the project, or install Node 24.",
    );
    process.exit(1);
  }
  // A server that is to restart says so with this status.
  const AGAIN = 75;
  let child;
  const start = function () {
    // The pipe on descriptor 3 closes when this process dies, however it dies: then the hub ends too.
    child = spawn(node, [main].concat(process.argv.slice(2)), {
      stdio: ["inherit", "inherit", "inherit", "pipe"],
      env: Object.assign({}, process.env, { HEARTH_STARTER_PIPE: "3" }),
    });
    child.on("exit", function (code, signal) {
      if (code === AGAIN) return start();
      process.exitCode = code === null ? 128 + (os.constants.signals[signal] || 0) : code;
      process.removeAllListeners();
      if (signal !== null) process.exit();
    });
  };
  start();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, function () {
      child.kill(signal);
    });
  }
}
