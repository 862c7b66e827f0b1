/** A worker as `/api/admin/workers` shows it. */
import type { JobStore } from "@hearth/jobs";
import { type Identity, sees } from "../../auth/identity.ts";
import { stateOf } from "../../workers/member-state.ts";
import type { CanaryReport, Member } from "../../workers/member.ts";
import { localTime } from "./local-time.ts";

export interface WorkerViewParts {
  readonly store: Pick<JobStore, "getByPromptId">;
  /** IANA zone of printed times */
  readonly zone: string;
}

/** Jobs that are somebody else's are counted and not named. */
export async function workerShown(
  { store, zone }: WorkerViewParts,
  member: Member,
  identity: Identity,
): Promise<object> {
  const { link, nodes, stats, canary, lastError } = member;
  const owner = sees(identity);
  const running = await Promise.all(
    [...member.running].map((promptId) => store.getByPromptId(promptId, owner)),
  );
  const isTheirs =
    lastError !== undefined &&
    (owner === undefined || (await store.getByPromptId(lastError.promptId, owner)) !== undefined);
  const { state, problem } = stateOf(member);
  const seenAt = link === undefined ? member.seenAt : Date.now() - (performance.now() - link.heardAt);
  return {
    name: member.name,
    engine: member.engine,
    state,
    problem: problem ?? null,
    mode: member.mode,
    address: member.address ?? null,
    is_supervised: member.isSupervised,
    // Only a link that stands says where it comes from.
    is_remote: link?.isRemote ?? null,
    files: member.files,
    concurrency: member.concurrency,
    tags: member.tags,
    devices: member.state.devices ?? [],
    comfyui_version: member.state.comfyuiVersion ?? null,
    memory_bytes: stats?.rssBytes ?? null,
    cpu_seconds: stats?.cpuSeconds ?? null,
    models_warm: [...member.warm],
    running: member.running.size,
    current_jobs: running.flatMap((job) =>
      job === undefined
        ? []
        : [
            {
              prompt_id: job.promptId,
              started_at: job.startedAt === undefined ? null : localTime(job.startedAt, zone),
            },
          ],
    ),
    completed: member.completed,
    failed: member.failed,
    last_error: isTheirs
      ? { prompt_id: lastError.promptId, text: lastError.text, at: localTime(lastError.at, zone) }
      : null,
    canary: canary === undefined ? null : canaryShown(canary, zone),
    classes: nodes.classes.size,
    packs: nodes.packs.map(({ name, problem: fault }) => ({ name, problem: fault ?? null })),
    seen_at: seenAt === 0 ? null : localTime(seenAt, zone),
  };
}

export function canaryShown({ isOk, at, tookMs, problem }: CanaryReport, zone: string): object {
  return { is_ok: isOk, at: localTime(at, zone), took_ms: tookMs, problem: problem ?? null };
}
