/** `/v1/output/…`: the files behind signed URLs. Their signature is all that they need. */
import { OutsideError, resolveInside } from "@hearth/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { keptOutputs } from "../../control/outputs.ts";
import { OUTPUT_PATH } from "../../control/signing.ts";
import { contentTypeOf, isDangerous, UNKNOWN_TYPE } from "../../files/content-types.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { controlError } from "../own-contract.ts";
import { disposition, type FileAnswer, openFile, sendFile } from "../send-file.ts";
import { route } from "../twin.ts";
import { type ControlContext, isUuid } from "./context.ts";

export function registerOutputs(context: ControlContext): void {
  const answer = outputAnswer(context);
  route(context.app, "GET", `${OUTPUT_PATH}/:id/:output/:name`, async (request, reply) => {
    try {
      return await answer(request, reply);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return sendJson(reply, controlError(error.statusCode, error.detail), error.statusCode);
    }
  });
}

function outputAnswer({
  parts,
  urls,
}: ControlContext): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  return async (request, reply) => {
    const [path = ""] = request.url.split("?");
    const { expires, signature } = request.query as Record<string, string | undefined>;
    const checked = urls.check(path, expires, signature);
    if (checked === "wrong") throw new HttpError(403, "The signature does not fit this URL");
    if (checked === "expired") throw new HttpError(403, "This URL is too old: ask for the outputs again");
    const { id, output } = request.params as { id: string; output: string };
    const record = isUuid(id) ? await parts.store.recordByPromptId(id) : undefined;
    const kept = record === undefined ? undefined : keptOutputs(record).find((file) => file.id === output);
    if (kept === undefined) throw new HttpError(404, "The workflow of this output was deleted");
    const file = await inside(parts.folders.output, kept.subfolder, kept.filename);
    const handle = await openFile(file);
    if (handle === undefined || handle === "directory") {
      throw new HttpError(404, `The file ${kept.filename} is not there any more`);
    }
    return sendFile(request, reply, handle, howToSend(kept.filename, Number(expires)));
  };
}

async function inside(root: string, ...parts: string[]): Promise<string> {
  try {
    return await resolveInside(root, ...parts);
  } catch (error) {
    if (error instanceof OutsideError) throw new HttpError(404, "The file is outside the output folder");
    throw error;
  }
}

/** Kept by the client for no longer than its URL works; what a browser would run as a page is downloaded. */
function howToSend(filename: string, expires: number): FileAnswer {
  const contentType = contentTypeOf(filename);
  const isPage = isDangerous(contentType);
  const seconds = Math.max(0, Math.floor(expires - Date.now() / 1000));
  return {
    contentType: isPage ? UNKNOWN_TYPE : contentType,
    headers: {
      // The signature opens the file, so a page of any site that has it may read it.
      "access-control-allow-origin": "*",
      "cache-control": `private, max-age=${seconds}`,
      "content-disposition": disposition(filename, isPage ? "attachment" : undefined),
      "x-content-type-options": "nosniff",
    },
    typeOn304: true,
  };
}
