/**
 * From a request to a queued job, in steps that each survive the death of the hub:
 *
 *   the request is whole ─► accepted ─► its files have their places ─► uploaded ─► its graph is sound ─► queued
 *                                  └──────────── the reason is kept ───────────┴──► invalid
 *
 * What was left between two steps goes on when the next hub starts.
 */
import { isWorkflow } from "@hearth/graph/convert";
import { isJsonObject, type JsonObject, type JsonValue, parseJson, printJson } from "@hearth/protocol";
import { checkPrompt } from "../jobs/submit.ts";
import { promptOfWorkflow } from "../jobs/submit-workflow.ts";
import { type ControlDetails, detailsOf, printDetails } from "./details.ts";
import { InvalidGraph, invalidFrom } from "./invalid-graph.ts";
import { folderIds, JobFolder } from "./job-folder.ts";
import type { ControlParts } from "./parts.ts";
import { type GivenValues, placeholdersOf, resolveValues, substitute } from "./placeholders/index.ts";

export interface Submission {
  /** of the job; its folder may hold files already */
  readonly id: string;
  readonly owner: string;
  /** the graph as it was sent */
  readonly workflow: string;
  readonly details: ControlDetails;
}

/** A job between two steps. */
interface Preparing {
  readonly jobId: string;
  readonly id: string;
  readonly createdAt: number;
  readonly workflow: string;
  readonly details: ControlDetails;
  /** another hub received its files */
  readonly isLeft: boolean;
  /** its files had their places when that one died */
  readonly isUploaded: boolean;
}

/** The hub stops: the job stays as it is until the next one starts. */
class Stopped extends Error {}

export class Intake {
  readonly #parts: ControlParts;
  readonly #stop = Promise.withResolvers<never>();
  readonly #preparing = new Set<Promise<void>>();
  #isStopped = false;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#stop.promise.catch(() => undefined);
  }

  /** Makes the request a job, durably; what follows happens by itself. */
  async accept(submission: Submission): Promise<void> {
    const { id, owner, workflow, details } = submission;
    const createdAt = Date.now();
    const job = await this.#parts.store.reserve({
      promptId: id,
      prompt: workflow,
      extraData: "{}",
      sensitive: undefined,
      outputsToExecute: [],
      number: undefined,
      front: false,
      clientId: undefined,
      owner,
      createdAt,
      workflowId: undefined,
      surface: "control",
      details: printDetails(details),
    });
    this.#begin({ jobId: job.id, id, createdAt, workflow, details, isLeft: false, isUploaded: false });
  }

  /**
   * Goes on with what the last hub left, and removes what it left of others. To be called before requests are taken.
   */
  async recover(): Promise<void> {
    const { store } = this.#parts;
    await this.sweep(0);
    const { jobs } = await store.listRecords({
      states: ["accepted", "uploaded"],
      surface: "control",
      order: "newest",
    });
    for (const left of jobs.reverse()) {
      const job = await store.get(left.id);
      if (job === undefined) continue;
      const { promptId: id, createdAt, prompt: workflow } = job;
      const isUploaded = left.state === "uploaded";
      const details = detailsOf(left);
      this.#begin({ jobId: job.id, id, createdAt, workflow, details, isLeft: true, isUploaded });
    }
  }

  /**
   * Removes the folders of jobs that were deleted, and of requests that became none. `idleMs`: only those in which
   * nothing was made for so long; another request may be filling one right now.
   */
  async sweep(idleMs: number): Promise<void> {
    const { store, folders } = this.#parts;
    for (const id of await folderIds(folders.input, idleMs)) {
      if ((await store.recordByPromptId(id)) === undefined) await new JobFolder(folders.input, id).remove();
    }
  }

  /** Starts nothing more; resolves when nothing writes any more. */
  async close(): Promise<void> {
    this.#isStopped = true;
    this.#stop.reject(new Stopped());
    await Promise.all(this.#preparing);
  }

  #begin(job: Preparing): void {
    const done = this.#prepare(job).finally(() => this.#preparing.delete(done));
    this.#preparing.add(done);
  }

  async #prepare(job: Preparing): Promise<void> {
    const { store, log } = this.#parts;
    try {
      await this.#storeFiles(job);
      await this.#enqueue(job);
    } catch (error) {
      if (error instanceof Stopped) return;
      if (!(error instanceof InvalidGraph))
        log.error({ err: error, job: job.id }, "a job could not be prepared");
      const reason = error instanceof InvalidGraph ? error : new InvalidGraph((error as Error).message);
      await store
        .advance(job.jobId, "invalid", printJson(reason.data))
        .catch((failure: unknown) =>
          log.error({ err: failure, job: job.id }, "its end could not be written"),
        );
    }
  }

  async #storeFiles({ jobId, id, details, isLeft, isUploaded }: Preparing): Promise<void> {
    if (details.files.length === 0) return;
    const folder = new JobFolder(this.#parts.folders.input, id);
    for (const file of details.files) {
      await folder.store(file, isLeft).catch((error: Error) => {
        throw new InvalidGraph(error.message, { type: "FileLost" });
      });
    }
    this.#goOn();
    if (!isUploaded) await this.#parts.store.advance(jobId, "uploaded");
  }

  async #enqueue(job: Preparing): Promise<void> {
    const { store, submit, dispatcher } = this.#parts;
    await Promise.race([submit.whenNodesKnown(), this.#stop.promise]);
    const { prompt, extraData } = await this.#promptOf(job);
    const result = await Promise.race([checkPrompt(submit, prompt), this.#stop.promise]);
    if (!result.valid) throw invalidFrom(result.error, result.nodeErrors);
    const placed = submit.place(prompt, result.outputs, job.details.tags);
    if ("error" in placed) throw invalidFrom(placed.error, {});
    this.#goOn();
    const ready = {
      prompt: printJson(prompt),
      extraData: printJson({ ...extraData, create_time: job.createdAt }),
      outputsToExecute: result.outputs,
      needs: placed.needs,
    };
    if (!(await store.enqueue(job.jobId, ready))) return;
    submit.queue.queued();
    submit.accepted();
    dispatcher.kick();
  }

  async #promptOf({
    workflow,
    details,
    createdAt,
  }: Preparing): Promise<{ prompt: JsonObject; extraData: JsonObject }> {
    const document = parseJson(workflow);
    const values = resolveValues(placeholdersOf(document), givenBy(details));
    const graph = substitute(document, { values, timestamp: createdAt });
    if (!isWorkflow(graph)) return { prompt: graph as unknown as JsonObject, extraData: {} };
    const { classes } = this.#parts.submit;
    const converted = await promptOfWorkflow(graph, {}, (name) => classes(name)?.info);
    if ("error" in converted) throw invalidFrom(converted.error, converted.node_errors);
    return converted;
  }

  #goOn(): void {
    if (this.#isStopped) throw new Stopped();
  }
}

/** The values that a request gave, from what is kept of it. */
export function givenBy({ params, files }: Pick<ControlDetails, "params" | "files">): GivenValues {
  const stored = new Map(files.map(({ placeholder, file }) => [placeholder, file]));
  const named = (mark: string): [string, string][] =>
    params.filter(({ key }) => key.startsWith(mark)).map(({ key, value }) => [key.slice(1), value]);
  return {
    texts: new Map(named("$").filter(([name]) => !stored.has(name))),
    choices: new Map(named("#")),
    files: stored,
  };
}

/** True for what may be a graph: a workflow, or nodes by their ids. */
export function isGraph(document: JsonValue): document is JsonObject {
  if (isWorkflow(document)) return true;
  if (!isJsonObject(document)) return false;
  const nodes = Object.values(document);
  return (
    nodes.length > 0 && nodes.every((node) => isJsonObject(node) && typeof node["class_type"] === "string")
  );
}
