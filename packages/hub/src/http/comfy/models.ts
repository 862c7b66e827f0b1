/** `/models`, `/experiment/models`, `/internal/folder_paths` (sections 3.16, 3.19): model types and their files. */
import { JsonFloat } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { byCodePoint, type FileNames } from "../../files/file-lists.ts";
import type { ModelFolder, ModelFolders } from "../../files/model-folders.ts";
import { ModelFiles } from "../../models/model-files.ts";
import { sendEmpty, sendJson } from "../answers.ts";
import { twin } from "../twin.ts";
import { internal } from "./internal.ts";

/** Types that are no choice for anybody who looks for a model. */
const UNLISTED = new Set(["configs", "custom_nodes"]);

/** Model files that workers have in folders of their own, by type. */
export type ModelsElsewhere = () => readonly Readonly<Record<string, readonly string[]>>[];

export function registerModels(
  app: FastifyInstance,
  modelFolders: ModelFolders,
  names: FileNames,
  elsewhere: ModelsElsewhere = () => [],
): void {
  const files = new ModelFiles(modelFolders);
  /** types that only workers have */
  const otherTypes = (): string[] =>
    [...new Set(elsewhere().flatMap(Object.keys))].filter((type) => !modelFolders.has(type));
  const otherNames = (type: string): readonly string[] | undefined => {
    const lists = elsewhere().flatMap((models) => (Object.hasOwn(models, type) ? [models[type] ?? []] : []));
    return lists.length === 0 ? undefined : lists.flat();
  };

  twin(app, "GET", "/models", (_request, reply) =>
    sendJson(reply, [...modelFolders.keys(), ...otherTypes()]),
  );

  twin(app, "GET", "/models/:folder", (request, reply) => {
    const { folder } = request.params as { folder: string };
    const own = names.models(folder);
    const others = otherNames(folder);
    if (others === undefined) return own === undefined ? sendEmpty(reply, 404) : sendJson(reply, own);
    return sendJson(reply, [...new Set([...(own ?? []), ...others])].sort(byCodePoint));
  });

  twin(app, "GET", "/experiment/models", (_request, reply) => {
    const listed = [...modelFolders].filter(([name]) => !UNLISTED.has(name));
    return sendJson(reply, [
      ...listed.map(([name, folder]) => ({
        ...{ name, folders: folder.paths, extensions: extensionsOf(folder) },
      })),
      ...otherTypes()
        .filter((name) => !UNLISTED.has(name))
        .map((name) => ({ name, folders: [], extensions: [] })),
    ]);
  });

  twin(app, "GET", "/experiment/models/:folder", async (request, reply) => {
    const { folder } = request.params as { folder: string };
    const found = await files.list(folder);
    const others = otherNames(folder);
    if (found === undefined && others === undefined) return sendEmpty(reply, 404);
    const known = new Set(found?.map(({ name }) => name));
    const pathIndex = modelFolders.get(folder)?.paths.length ?? 0;
    return sendJson(reply, [
      ...(found ?? []).map(({ name, pathIndex, modifiedMs, createdMs, size }) => ({
        name,
        pathIndex,
        modified: new JsonFloat(modifiedMs / 1000),
        created: new JsonFloat(createdMs / 1000),
        size,
      })),
      // Of a file on another machine only the name is known; it lies behind all directories of this one.
      ...[...new Set(others)].filter((name) => !known.has(name)).map((name) => ({ name, pathIndex })),
    ]);
  });

  internal(app, "GET", "/folder_paths", (_request, reply) =>
    sendJson(reply, Object.fromEntries([...modelFolders].map(([name, { paths }]) => [name, paths]))),
  );
}

function extensionsOf({ extensions }: ModelFolder): string[] {
  return extensions === "folders" ? ["folder"] : [...extensions].sort();
}
