/** Whether any worker can run a prompt, before it becomes a job. */
import type { FileType, Folders, JsonObject } from "@hearth/protocol";
import type { NodeCatalog } from "../nodes/catalog.ts";
import type { Fleet } from "./fleet.ts";
import { NeedInputs } from "./need-inputs.ts";
import { needsOf, needsText, readNeeds } from "./needs.ts";

/** What is kept with the job; or why nobody can run the prompt, as the `error` of the answer. */
export type Placed = { readonly needs: string | undefined } | { readonly error: JsonObject };

export interface PlacementParts {
  readonly fleet: Fleet;
  readonly catalog: NodeCatalog;
  readonly folders: Pick<Folders, FileType>;
}

/** Gives the function that judges valid prompts. Without any worker known it refuses nothing. */
export function placementOver({ fleet, catalog, folders }: PlacementParts) {
  const inputs = new NeedInputs(catalog, folders);
  return (prompt: JsonObject, outputs: readonly string[], tags: readonly string[] = []): Placed => {
    if (fleet.members.length === 0) return { needs: undefined };
    const text = needsText(needsOf(prompt, outputs, inputs, tags));
    // One object per text: what is found out about it is remembered with it.
    const needs = readNeeds(text);
    const { eligibility, members } = fleet;
    const now = Date.now();
    if (members.some((member) => eligibility.canEver(member, needs, now))) return { needs: text };
    const workers = members.map((member) => ({
      worker: member.name,
      reasons: eligibility.whyNot(member, needs).map((reason) => reason.text),
    }));
    return {
      error: {
        type: "no_eligible_worker",
        message: "No worker can run this prompt",
        details: workers.map(({ worker, reasons }) => `${worker}: ${reasons.join(", ")}`).join("; "),
        extra_info: { workers },
      },
    };
  };
}
