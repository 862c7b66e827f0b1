/**
 * Deleting jobs with their files. What is about to be deleted is written down first: when the hub dies in the middle, the
 * next one finishes the deletion, so a record never stands in history for long without its files.
 */
import type { JobRecord } from "@hearth/jobs";
import type { StudioJobParts } from "./job-parts.ts";
import { ownedFiles, type OwnedFiles, printOwned, readOwned, removeOwned } from "./owned-files.ts";
import { stopJobs, whenEnded } from "./stop-jobs.ts";

const COLLECTION = "deletions";
/** How long an interrupted job may take to end. */
const STOP_MS = 15_000;
/** So many are deleted side by side and share commits. */
const BATCH = 32;

type DeleteParts = Pick<StudioJobParts, "store" | "dispatcher" | "queue" | "sockets" | "folders" | "log">;

/** Gives the prompt ids that existed and are gone, each once, in the order given. */
export async function deleteJobs(
  parts: DeleteParts,
  promptIds: readonly string[],
  owner: string | undefined,
): Promise<string[]> {
  const unique = [...new Set(promptIds)];
  const deleted: string[] = [];
  for (let at = 0; at < unique.length; at += BATCH) {
    const batch = unique.slice(at, at + BATCH);
    const gone = await Promise.all(batch.map((promptId) => deleteAll(parts, promptId, owner)));
    deleted.push(...batch.filter((_promptId, index) => gone[index]));
  }
  return deleted;
}

/** A prompt id may have been used several times: history showed the newest, and none of them may reappear. */
async function deleteAll(parts: DeleteParts, promptId: string, owner: string | undefined): Promise<boolean> {
  let isDeleted = false;
  for (;;) {
    const job = await parts.store.recordByPromptId(promptId, owner);
    if (job === undefined) return isDeleted;
    if (!(await deleteOne(parts, job))) return false;
    isDeleted = true;
  }
}

async function deleteOne(parts: DeleteParts, job: JobRecord): Promise<boolean> {
  const { store, log } = parts;
  let ended: JobRecord | undefined = job;
  if (["accepted", "uploaded", "queued", "running"].includes(job.state)) {
    await stopJobs(parts, [job.promptId], job.owner);
    if (!(await whenEnded(parts, job.id, STOP_MS))) {
      log.warn({ job: job.promptId }, "the job is not deleted: it does not stop");
      return false;
    }
    ended = await store.recordByPromptId(job.promptId, job.owner);
    // Somebody used the id again meanwhile: the next round deletes both.
    if (ended?.id !== job.id) return ended !== undefined;
  }
  return finishDeletion(parts, ended.id, ownedFiles(ended));
}

async function finishDeletion(parts: DeleteParts, jobId: string, owned: OwnedFiles): Promise<boolean> {
  const { store, folders, log } = parts;
  await store.documents.put(COLLECTION, jobId, printOwned(owned));
  try {
    await removeOwned(owned, folders);
  } catch (error) {
    // What cannot be removed stays, and so does its record: somebody has to see it.
    log.warn({ err: error, job: jobId }, "the files of a job could not be removed; it is kept");
    await store.documents.remove(COLLECTION, jobId);
    return false;
  }
  const isRemoved = await store.remove(jobId);
  await store.documents.remove(COLLECTION, jobId);
  return isRemoved;
}

/** Finishes what the last hub was deleting when it died. To be called once, before anybody asks. */
export async function resumeDeletions(parts: DeleteParts): Promise<void> {
  for (const { key, text } of await parts.store.documents.list(COLLECTION)) {
    await finishDeletion(parts, key, readOwned(text));
  }
}
