/** `/workflow_templates` (section 3.1): the example workflows that packs bring along. */
import path from "node:path";
import { OutsideError, resolveInside } from "@hearth/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { contentTypeOf } from "../../files/content-types.ts";
import { DirectoryCache } from "../../files/directory-cache.ts";
import { byCodePoint } from "../../files/file-lists.ts";
import { sendEmpty, sendJson, sendStatus } from "../answers.ts";
import { openFile, sendFile } from "../send-file.ts";
import { route, twin } from "../twin.ts";
import type { Pack } from "../../nodes/pack-folders.ts";

/** Folders of a pack that may hold examples. */
const FOLDERS = ["example_workflows", "example", "examples", "workflow", "workflows"];

export function registerTemplates(app: FastifyInstance, packs: () => readonly Pack[]): void {
  const cache = new DirectoryCache();

  twin(app, "GET", "/workflow_templates", (_request, reply) => {
    const templates = packs()
      .map(({ name, folder }): [string, string[]] => [name, templatesOf(cache, folder)])
      .filter(([, names]) => names.length > 0);
    return sendJson(reply, Object.fromEntries(templates));
  });

  // Only with the prefix; the bare path belongs to the web page.
  route(app, "GET", "/api/workflow_templates/:name/*", async (request, reply) => {
    const { name, "*": relative } = request.params as { name: string; "*": string };
    const pack = packs().find((one) => one.name === name);
    if (pack === undefined) return notFound(reply);
    return sendExample(request, reply, pack.folder, relative);
  });
}

/** Names of the workflows in all example folders of a pack, without their ending. */
function templatesOf(cache: DirectoryCache, folder: string): string[] {
  const present = new Set(cache.directories(folder));
  const files = FOLDERS.filter((name) => present.has(name)).flatMap((name) =>
    cache.files(path.join(folder, name)).filter((file) => file.endsWith(".json") && !file.startsWith(".")),
  );
  return files.map((file) => path.basename(file, ".json")).sort(byCodePoint);
}

/** Sends the file from the first example folder that has it. */
async function sendExample(
  request: FastifyRequest,
  reply: FastifyReply,
  folder: string,
  relative: string,
): Promise<FastifyReply> {
  const lexical = path.posix.normalize(relative);
  if (relative.includes("\0") || path.isAbsolute(lexical) || lexical === ".." || lexical.startsWith("../")) {
    return sendStatus(reply, 404);
  }
  let forbidden = false;
  for (const name of FOLDERS) {
    const file = await inside(path.join(folder, name), folder, relative);
    if (file === undefined) {
      forbidden = true;
      continue;
    }
    const handle = await openFile(file);
    if (handle === "directory") forbidden = true;
    else if (handle !== undefined)
      return sendFile(request, reply, handle, { contentType: contentTypeOf(file) });
  }
  return forbidden ? sendStatus(reply, 403) : notFound(reply);
}

/** `undefined` when a link leads out of the example folder, or the folder itself out of its pack. */
async function inside(examples: string, pack: string, relative: string): Promise<string | undefined> {
  try {
    await resolveInside(pack, path.basename(examples));
    return await resolveInside(examples, relative);
  } catch (error) {
    if (error instanceof OutsideError) return undefined;
    throw error;
  }
}

function notFound(reply: FastifyReply): FastifyReply {
  return sendEmpty(reply, 404, "application/octet-stream");
}
