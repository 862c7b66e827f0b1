/** Who answers for a class's own validator: a native worker, or the hub where only its files are in question. */
import {
  type FileType,
  type Folders,
  isJsonObject,
  type JsonObject,
  type NodeClassAnnouncement,
  type ValidatorOutcome,
} from "@hearth/protocol";
import type { NodeCatalog } from "../nodes/catalog.ts";
import { isOfInput } from "../nodes/member-classes.ts";
import { hasFile } from "../nodes/upload-inputs.ts";
import type { Fleet } from "./fleet.ts";

export interface ValidatorParts {
  readonly fleet: Pick<Fleet, "members">;
  readonly catalog: Pick<NodeCatalog, "get">;
  readonly folders: Pick<Folders, FileType>;
}

/** Gives the function that asks. When nobody answers, the job is accepted, and its worker has the last word. */
export function validatorOver({ fleet, catalog, folders }: ValidatorParts) {
  return async (className: string, given: JsonObject): Promise<ValidatorOutcome> => {
    const natives = fleet.members.filter(
      ({ engine, mode, files, nodes }) =>
        engine === "native" && mode !== "disabled" && files === "shared" && nodes.classes.has(className),
    );
    const files = filesIn(catalog.get(className), given);
    // The native worker sees the hub's folders alone; a file that another worker has is not there.
    const isElsewhere = files.some(({ name, isListed }) => isListed && !hasFile(folders, name));
    if (natives.length === 0 || isElsewhere) {
      const absent = files.find(({ name, isListed }) => !isListed && !hasFile(folders, name));
      return { result: absent === undefined ? true : `Invalid ${absent.media} file: ${absent.name}` };
    }
    for (const { link } of natives) {
      const outcome = await link?.validate(className, given);
      if (outcome !== undefined) return outcome;
    }
    return { result: true };
  };
}

interface NamedFile {
  readonly name: string;
  readonly media: string;
  /** a worker has it in its own input folder, or it is no file but a fixed entry */
  readonly isListed: boolean;
}

function filesIn(announced: NodeClassAnnouncement | undefined, given: JsonObject): NamedFile[] {
  const inputs = given["inputs"];
  if (announced === undefined || !isJsonObject(inputs)) return [];
  return (announced.lists ?? []).filter(isOfInput).flatMap(({ path, media, also, fixed }) => {
    const name = inputs[String(path[2])];
    if (typeof name !== "string") return [];
    const isListed = also?.includes(name) === true || fixed?.includes(name) === true;
    return [{ name, media: media?.[0] ?? "input", isListed }];
  });
}
