/** What the doctor says about the ComfyUIs that Hearth drives, or is to drive. */
import { randomUUID } from "node:crypto";
import dns from "node:dns/promises";
import { rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { ComfyUiCaller, type ComfyUiLook, NoComfyUi, portOf } from "./comfyui-look.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

export interface ComfyUiToSee {
  readonly url: string;
  /** Hearth starts it where it does not run */
  readonly isStarted: boolean;
}

export interface Surroundings {
  /** ports on which this server listens, or will */
  readonly ports: readonly number[];
  /** this server's folder for outputs */
  readonly output: string;
}

/** Everything in ComfyUI's contract that Hearth uses is there from this version on. */
const OLDEST = [0, 19] as const;
const CLOCK_MS = 5_000;
const MOST_NAMED = 5;

interface Seen {
  readonly subject: string;
  readonly look: ComfyUiLook;
}

/** Examines each, and what sets them apart. They are only asked; a file is laid into the output folder for a moment. */
export async function checkComfyUis(
  comfyUis: readonly ComfyUiToSee[],
  surroundings: Surroundings,
): Promise<Finding[]> {
  const results = await Promise.all(comfyUis.map((comfyUi) => checkComfyUi(comfyUi, surroundings)));
  const seen = results.flatMap(({ seen: one }) => (one === undefined ? [] : [one]));
  return [...results.flatMap(({ findings }) => findings), ...checkDifferences(seen)];
}

async function checkComfyUi(
  { url, isStarted }: ComfyUiToSee,
  { ports, output }: Surroundings,
): Promise<{ findings: Finding[]; seen?: Seen }> {
  const parsed = new URL(url);
  const subject = `comfyui ${parsed.host}${parsed.pathname.replace(/\/+$/, "")}`;
  const caller = new ComfyUiCaller(parsed);
  const isOwnAddress = ports.includes(portOf(parsed)) && (await isThisMachine(parsed.hostname));
  let look: ComfyUiLook;
  try {
    look = await caller.look();
  } catch (error) {
    if (!(error instanceof NoComfyUi)) throw error;
    if (isOwnAddress) return { findings: [fail(subject, LOOP)] };
    const text = `${error.message}.`;
    if (isStarted)
      return { findings: [ok(subject, `${text} Hearth will start it with its --comfyui-command`)] };
    return {
      findings: [warn(subject, `${text} Its jobs wait meanwhile. Start it, or correct its --comfyui`)],
    };
  }
  if (isOwnAddress && look.hearthVersion !== undefined) return { findings: [fail(subject, LOOP)] };
  const findings = [summary(subject, look), ...checkLook(subject, look)];
  if (await sharesOutput(caller, output)) findings.push(warn(subject, SHARED_OUTPUT));
  return { findings, seen: { subject, look } };
}

const LOOP =
  "is this server itself: its prompts would go round in a circle. Give --comfyui the address of the ComfyUI, or this server another --port";
const SHARED_OUTPUT =
  "writes into this server's own output folder: both number their files there, and who deletes a job deletes the ComfyUI's file too. Start it with another --output-directory";

const THINGS = {
  classes: ["node class", "node classes"],
  models: ["model file", "model files"],
} as const;

function counted(kind: keyof typeof THINGS, count: number): string {
  const [one, many] = THINGS[kind];
  return `${count} ${count === 1 ? one : many}`;
}

function summary(subject: string, { version, hearthVersion, classes, models }: ComfyUiLook): Finding {
  const what =
    hearthVersion === undefined
      ? `ComfyUI ${version ?? "of an unknown version"}`
      : `another Hearth (${hearthVersion}), which hands prompts to workers of its own`;
  return ok(subject, `${what}: ${counted("classes", classes.size)}, ${counted("models", models.size)}`);
}

function checkLook(subject: string, look: ComfyUiLook): Finding[] {
  const { version, clockAheadMs = 0, hasJobsApi, foreign } = look;
  const findings: Finding[] = [];
  if (isOld(version)) {
    findings.push(
      warn(
        subject,
        `${version ?? "a version that it does not say"} is older than ${OLDEST.join(".")}: it may not take the id of a job, and Hearth then knows its prompts only by a mark that it puts on them. Update it`,
      ),
    );
  }
  if (!hasJobsApi) {
    findings.push(
      warn(
        subject,
        "has no /api/jobs: after a broken connection its queue and history alone say what became of a job. Update it",
      ),
    );
  }
  if (Math.abs(clockAheadMs) > CLOCK_MS) {
    const seconds = Math.round(Math.abs(clockAheadMs) / 1000);
    findings.push(
      warn(
        subject,
        `its clock is ${seconds} s ${clockAheadMs > 0 ? "ahead of" : "behind"} this machine's: times of its runs will not fit. Let both follow a time server`,
      ),
    );
  }
  const { running, waiting } = foreign;
  if (running + waiting > 0) {
    findings.push(
      warn(
        subject,
        `runs prompts of others (${running} running, ${waiting} waiting): jobs of Hearth wait behind them, and nobody sees why. Send those to Hearth too`,
      ),
    );
  }
  return findings;
}

function isOld(version: string | undefined): boolean {
  const [major, minor] = (/^v?(\d+)\.(\d+)/.exec(version ?? "") ?? []).slice(1).map(Number);
  if (major === undefined || minor === undefined) return true;
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/** What only one of several has: jobs that need it wait for that one. */
function checkDifferences(seen: readonly Seen[]): Finding[] {
  return seen.flatMap(({ subject, look }) => {
    const others = seen.filter((other) => other.look !== look).map((other) => other.look);
    if (others.length === 0) return [];
    return (["classes", "models"] as const).flatMap((kind) => {
      const alone = [...look[kind]].filter((name) => !others.some((other) => other[kind].has(name)));
      if (alone.length === 0) return [];
      const shown = alone.toSorted().slice(0, MOST_NAMED);
      const rest = alone.length - shown.length;
      const names = `${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
      const text = `${counted(kind, alone.length)} that no other ComfyUI has: ${names}. Jobs with these run here alone`;
      return [ok(subject, text)];
    });
  });
}

/** Whether a file that is laid into this server's output folder is one of the ComfyUI's outputs. */
async function sharesOutput(caller: ComfyUiCaller, output: string): Promise<boolean> {
  const name = `.hearth-doctor-${randomUUID()}.txt`;
  const file = path.join(output, name);
  try {
    await writeFile(file, name, { flag: "wx" });
  } catch {
    // There is no such folder yet, so nobody shares it; or nobody may write there, which is said elsewhere.
    return false;
  }
  try {
    const answer = await caller.get(`/view?filename=${name}&type=output`);
    return answer.ok && (await answer.text()) === name;
  } catch {
    return false;
  } finally {
    await rm(file, { force: true });
  }
}

async function isThisMachine(hostname: string): Promise<boolean> {
  const own = new Set(
    Object.values(os.networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)),
  );
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const found = await dns.lookup(host, { all: true }).catch(() => []);
  return found.some(({ address }) => own.has(address) || /^127\.|^0\.0\.0\.0$|^::1?$/.test(address));
}
