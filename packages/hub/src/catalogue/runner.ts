/** From a workflow and parameters to a prompt that is ready to be queued, with what Studio keeps of the job. */
import { randomBytes } from "node:crypto";
import type { NodeInfoLookup } from "@hearth/graph/convert";
import type { JsonObject } from "@hearth/protocol";
import { localTime } from "../http/studio/local-time.ts";
import type { RebuildJob, RebuiltJob } from "../studio/job-details.ts";
import { assembleDynamic } from "./assemble/dynamic.ts";
import { patchOutputs, stampOf } from "./assemble/outputs.ts";
import { assembleStatic } from "./assemble/static.ts";
import { type Catalogue, type CatalogueWorkflow, promptIn } from "./catalogue.ts";
import { ParamsError, UnknownWorkflowError, WorkflowError } from "./errors.ts";
import { imageInput, keptParams, readParams } from "./values/read-params.ts";
import { randomSeed, Seeds } from "./values/seeds.ts";

export interface RunnerParts {
  readonly catalogue: Catalogue;
  readonly nodeInfo: NodeInfoLookup;
  /** resolves once node classes are known at all */
  readonly whenNodesKnown: () => Promise<void>;
  /** of the names of job directories; default: Studio's zone */
  readonly zone?: string | undefined;
  /** draws a seed; default: random below 2^53 */
  readonly random?: (() => number) | undefined;
}

/** What a run is asked with. */
export interface RunParams {
  /** as the client sent them; names that begin with an underscore are not kept */
  readonly params: JsonObject;
  /** a file of the input folder for the first image input */
  readonly inputImage?: string | null | undefined;
  /** seeds of an earlier run, used again */
  readonly seeds?: JsonObject | undefined;
  readonly retryOf?: string | null | undefined;
}

/** A prompt without the job around it: nothing is led anywhere yet. */
export interface BuiltPrompt {
  readonly workflow: CatalogueWorkflow;
  readonly prompt: JsonObject;
  readonly seeds: JsonObject;
  /** the file of the first image input */
  readonly inputImage: string | null;
}

export class Runner {
  readonly #parts: RunnerParts;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** The prompt that the parameters make. @throws UnknownWorkflowError, WorkflowError, ParamsError */
  async build(
    workflowId: string,
    { params, inputImage = null, seeds: known }: RunParams,
  ): Promise<BuiltPrompt> {
    const { catalogue, nodeInfo, random = randomSeed } = this.#parts;
    const workflow = await catalogue.get(workflowId);
    await this.#parts.whenNodesKnown();
    const { manifest, document, blocks } = workflow;
    const values = readParams(manifest, params, inputImage);
    const seeds = new Seeds(known, random);
    for (const { id, type } of manifest.inputs) {
      if (type === "seed") values[id] = seeds.resolve(id, values[id] ?? null);
    }
    const picture = imageInput(manifest);
    const file = picture === undefined ? null : (values[picture.id] ?? null);
    try {
      const prompt =
        document === undefined
          ? assembleDynamic(manifest, blocks, values, seeds, nodeInfo)
          : assembleStatic(manifest, promptIn(document, nodeInfo), values, nodeInfo);
      return {
        workflow,
        prompt,
        seeds: seeds.used,
        inputImage: typeof file === "string" ? file : inputImage,
      };
    } catch (error) {
      if (error instanceof Error) {
        throw new WorkflowError(workflowId, error.message);
      }
      throw error;
    }
  }

  /** The same as a job: its outputs go to a directory of its own. @throws UnknownWorkflowError, WorkflowError, ParamsError */
  async prepare(workflowId: string, given: RunParams): Promise<RebuiltJob> {
    const { workflow, prompt, seeds, inputImage } = await this.build(workflowId, given);
    const { manifest } = workflow;
    const directory = this.newDirectory();
    patchOutputs(prompt, directory, manifest.outputs, this.#parts.nodeInfo);
    return {
      prompt,
      details: {
        workflow_id: manifest.id,
        workflow_name: manifest.name,
        output_dir: directory,
        input_image: inputImage,
        params: keptParams(given.params),
        seeds,
        retry_of: given.retryOf ?? null,
      },
    };
  }

  /** A name for a job's directory: `YYYYMMDD_HHMMSS_xxxxxx`. */
  newDirectory(): string {
    return `${stampOf(localTime(Date.now(), this.#parts.zone))}_${randomBytes(3).toString("hex")}`;
  }
}

/**
 * Gives the function that makes a job again: from its original parameters and its resolved seeds, batch and scene seeds
 * too, with the workflow as it is now, into a directory of its own.
 */
export function rebuilder(runner: Runner): RebuildJob {
  return async (details) => {
    const { workflow_id: workflowId, params, seeds, input_image: inputImage } = details;
    if (workflowId === null) return { status: 400, detail: "Job has no workflow_id" };
    try {
      return await runner.prepare(workflowId, { params, seeds, inputImage });
    } catch (error) {
      const isTheirs =
        error instanceof UnknownWorkflowError ||
        error instanceof WorkflowError ||
        error instanceof ParamsError;
      if (!isTheirs) throw error;
      return { status: 500, detail: `workflow error: ${error.message}` };
    }
  };
}
