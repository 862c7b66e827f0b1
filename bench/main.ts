/**
 * Benchmarks of a running server or of one that is started here, Hearth or ComfyUI:
 *
 *   node bench/main.ts [--url URL | --command CMD] [--jobs N] [name …]
 *
 * Without --url and --command it starts Hearth. CMD names `{port}` and `{base}`, for example
 * `python main.py --cpu --port {port} --base-directory {base}`. Names: see FIGURES. Only this machine is measured.
 */
import { parseArgs } from "node:util";
import { measureHttp } from "./figures/http.ts";
import { measureMemory } from "./figures/memory.ts";
import { measureNodes } from "./figures/nodes.ts";
import { measureLatency, measureThroughput } from "./figures/prompts.ts";
import { measureSockets } from "./figures/sockets.ts";
import { measureIdle, measureStart } from "./figures/start.ts";
import { fillHistory } from "./fill-history.ts";
import { runMany } from "./prompts.ts";
import { type Report, report } from "./report.ts";
import { HEARTH_COMMAND, newBase, removeBase, StartedServer, type Target } from "./target.ts";

/** Measured at a server's URL, on a new server each where this program starts it. */
const OF_A_SERVER: Readonly<Record<string, (target: Target, report: Report) => Promise<void>>> = {
  latency: measureLatency,
  throughput: measureThroughput,
  sockets: measureSockets,
  nodes: measureNodes,
  http: measureHttp,
};
/** Need to start the server, and to see its processes. */
const OF_A_COMMAND: Readonly<
  Record<string, (command: string, jobs: number, report: Report) => Promise<void>>
> = {
  start: measureStart,
  idle: (command, _jobs, report) => measureIdle(command, report),
  memory: measureMemory,
};
const FIGURES = ["start", "idle", "latency", "throughput", "http", "sockets", "nodes", "memory"];
const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);
const MAX_JOBS = 1_000_000;

async function onNewServer(command: string, name: string, jobs: number): Promise<void> {
  const base = newBase();
  try {
    const isHearth = command === HEARTH_COMMAND;
    if (name === "http" && isHearth) await fillHistory(base, jobs);
    const server = await StartedServer.start(command, base);
    try {
      // Figures are of a server that is up in all its parts.
      await runMany(server.url, name === "http" && !isHearth ? jobs : 1);
      await OF_A_SERVER[name]?.(server, report);
    } finally {
      await server.stop();
    }
  } finally {
    removeBase(base);
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string" },
      command: { type: "string" },
      jobs: { type: "string", default: "1000" },
    },
  });
  const jobs = Math.min(MAX_JOBS, Math.max(1, Number(values.jobs) || 1));
  const unknown = positionals.find((name) => !FIGURES.includes(name));
  if (unknown !== undefined) throw new Error(`there is no figure '${unknown}': ${FIGURES.join(", ")}`);
  if (values.url !== undefined && values.command !== undefined)
    throw new Error("--url or --command, not both");
  const url = values.url?.replace(/\/$/, "");
  if (url !== undefined && !LOOPBACK.has(new URL(url).hostname))
    throw new Error("--url must be on this machine");
  const command = values.command ?? HEARTH_COMMAND;
  for (const name of positionals.length > 0 ? positionals : FIGURES) {
    if (url === undefined) {
      await (OF_A_COMMAND[name]?.(command, jobs, report) ?? onNewServer(command, name, jobs));
    } else if (OF_A_SERVER[name] === undefined) {
      console.log(`${name}: needs --command, left out`);
    } else {
      if (name === "http") await runMany(url, jobs);
      await OF_A_SERVER[name]({ url, root: undefined }, report);
    }
  }
}

// A plain end runs the handlers that end servers and remove their directories.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));
try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
