/** What the doctor looks at outside Hearth's own folders. */
import { spawnSync } from "node:child_process";
import net from "node:net";
import { type Finding, fail, ok, warn } from "./finding.ts";

const OLDEST_NODE = 24;
const ASK_MS = 2_000;

export function checkNode(version = process.versions.node): Finding {
  return Number(version.split(".")[0]) >= OLDEST_NODE
    ? ok("node", version)
    : fail("node", `${version} is too old: run \`npm ci\` in the project, which brings ${OLDEST_NODE}`);
}

/** The programs that video and audio nodes start. */
export function checkFfmpeg(env = process.env): Finding {
  const versions = ["ffmpeg", "ffprobe"].map((program) => {
    const { status, stdout } = spawnSync(program, ["-version"], { encoding: "utf8", timeout: 10_000, env });
    return status === 0 ? (/version (\S+)/.exec(stdout)?.[1] ?? "unknown") : undefined;
  });
  const missing = ["ffmpeg", "ffprobe"].filter((_, index) => versions[index] === undefined);
  if (missing.length === 0) return ok("ffmpeg", versions[0] ?? "");
  return warn(
    "ffmpeg",
    `${missing.join(" and ")} not found on PATH: nodes for video and audio will refuse to run. Install ffmpeg.`,
  );
}

/** Whether the server could listen there, or who does already. */
export async function checkPort(host: string, port: number, isTls: boolean): Promise<Finding> {
  const subject = `port ${port}`;
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = net.createServer();
    server.once("error", resolve);
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
  if (problem === undefined) return ok(subject, `free on ${host}`);
  if (problem.code !== "EADDRINUSE") return fail(subject, `cannot listen on ${host}: ${problem.message}`);
  const who = await whoAnswers(host, port, isTls);
  return who === "Hearth"
    ? ok(subject, `Hearth is running on ${host}`)
    : fail(subject, `in use on ${host} by ${who}: end that, or choose another with --port`);
}

async function whoAnswers(host: string, port: number, isTls: boolean): Promise<string> {
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const url = `http${isTls ? "s" : ""}://${net.isIPv6(name) ? `[${name}]` : name}:${port}/system_stats`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) });
    const { system } = (await answer.json()) as { system?: Record<string, unknown> };
    if (system?.["hearth_version"] !== undefined) return "Hearth";
    return system?.["comfyui_version"] === undefined ? "another server" : "a ComfyUI";
  } catch {
    return "another program";
  }
}
