/** `/global_subgraphs` (section 3.18): blueprints of subgraphs, the server's own and those of packs. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { objectFrom, OutsideError, resolveInside } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { DirectoryCache } from "../../files/directory-cache.ts";
import { byCodePoint } from "../../files/file-lists.ts";
import { sendJson } from "../answers.ts";
import { twin } from "../twin.ts";
import type { Pack } from "../../nodes/pack-folders.ts";

interface Blueprint {
  readonly source: "templates" | "custom_node";
  /** the pack's, or the folder of the server's own */
  readonly root: string;
  readonly file: string;
  readonly nodePack: string;
}

/** `ownFolder`: holds the server's own blueprints; it may not exist. */
export function registerSubgraphs(
  app: FastifyInstance,
  packs: () => readonly Pack[],
  ownFolder: string,
): void {
  const cache = new DirectoryCache();
  const blueprints = (): Map<string, Blueprint> => {
    const found = [
      ...jsonFiles(cache, ownFolder).map((file): Blueprint => {
        return { source: "templates", root: ownFolder, file, nodePack: "comfyui" };
      }),
      ...packs().flatMap(({ name, folder }) =>
        jsonFiles(cache, path.join(folder, "subgraphs")).map((file): Blueprint => {
          return { source: "custom_node", root: folder, file, nodePack: `custom_nodes.${name}` };
        }),
      ),
    ];
    return new Map(found.map((blueprint) => [idOf(blueprint), blueprint]));
  };

  twin(app, "GET", "/global_subgraphs", (_request, reply) =>
    sendJson(reply, objectFrom([...blueprints()].map(([id, one]) => [id, infoOf(one)]))),
  );

  twin(app, "GET", "/global_subgraphs/:id", async (request, reply) => {
    const { id } = request.params as { id: string };
    const blueprint = blueprints().get(id);
    const data = blueprint === undefined ? undefined : await textOf(blueprint);
    if (blueprint === undefined || data === undefined) return sendJson(reply, null);
    return sendJson(reply, { ...infoOf(blueprint), data });
  });
}

function jsonFiles(cache: DirectoryCache, folder: string): string[] {
  const names = cache.files(folder).filter((name) => name.endsWith(".json") && !name.startsWith("."));
  return names.sort(byCodePoint).map((name) => path.join(folder, name));
}

function idOf({ source, file }: Blueprint): string {
  return createHash("sha256").update(`${source}${file}`).digest("hex");
}

function infoOf({ source, file, nodePack }: Blueprint): {
  source: string;
  name: string;
  info: { node_pack: string };
} {
  return { source, name: path.basename(file, ".json"), info: { node_pack: nodePack } };
}

/** `undefined` when the file went away, or is a link to somewhere else. */
async function textOf({ root, file }: Blueprint): Promise<string | undefined> {
  try {
    return await readFile(await resolveInside(root, path.relative(root, file)), "utf8");
  } catch (error) {
    if (error instanceof OutsideError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
