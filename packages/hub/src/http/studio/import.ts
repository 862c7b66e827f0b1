/**
 * `POST /api/admin/workflows/import`: a prompt or a workflow of the editor, also inside of a picture or video, becomes a
 * proposed manifest with what is missing here; asked to `save`, an entry of the catalogue.
 */
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { bytesSource, type Embedded, MediaError, readEmbedded } from "@hearth/graph/media";
import { isJsonObject, type JsonObject, type JsonValue, printJson } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import { checkManifest } from "../../catalogue/manifest/read-manifest.ts";
import { type Manifest, WORKFLOW_ID } from "../../catalogue/manifest/schema.ts";
import { presetId } from "../../catalogue/presets/presets.ts";
import { ImportError, importedPrompt } from "../../catalogue/propose/import-document.ts";
import { proposeManifest } from "../../catalogue/propose/propose.ts";
import { addWorkflow } from "../../catalogue/write-workflow.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { plain } from "../validate.ts";
import { answering } from "./run-errors.ts";
import { dropFile, objectField, receiveRun, type RunForm, textField, withForms } from "./run-form.ts";
import type { RunContext } from "./run-parts.ts";
import { localTime } from "./local-time.ts";

/**
 * Takes a form with `file`, or a JSON body with `workflow` or `prompt`; beside it `id`, `name`, `manifest` (the proposal
 * as a person changed it) and `save`.
 */
export function registerImport(app: FastifyInstance, context: RunContext): void {
  withForms(app, (child) =>
    ownContract(child, studioError)(
      "POST",
      "/api/admin/workflows/import",
      "admin",
      answering(async (request, reply) => {
        const form = await receiveRun(request, "file", context);
        try {
          return sendJson(reply, await importFile(form, context));
        } finally {
          await dropFile(form);
        }
      }),
    ),
  );
}

async function importFile(form: RunForm, context: RunContext): Promise<JsonObject> {
  const embedded = await embeddedIn(form);
  await context.submit.whenNodesKnown();
  const { prompt, unknownClasses } = importedPrompt(embedded, context.classes);
  const name = textField(form.fields, "name") ?? nameOf(form.file?.filename);
  const id = idFrom(textField(form.fields, "id"), name);
  const date = localTime(Date.now(), context.zone).slice(0, 10);
  const { manifest: proposed, missing } = proposeManifest(prompt, context.classes, { id, name, date });
  for (const name of unknownClasses) if (!missing.classes.includes(name)) missing.classes.push(name);
  const isSaved = [true, "true", "1"].includes(form.fields["save"] as string | boolean);
  let manifest: Manifest = proposed;
  if (form.fields["manifest"] !== undefined) {
    manifest = checkManifest({ ...(plain(objectField(form.fields, "manifest")) as object), id }, id);
  }
  if (isSaved) {
    if (unknownClasses.length > 0) {
      const names = unknownClasses.join(", ");
      throw new HttpError(409, `The workflow cannot become a prompt without the node classes ${names}`);
    }
    if (manifest.type !== "static") throw new HttpError(422, "an import is a static workflow");
    await addWorkflow(context.catalogue.folder, manifest, prompt);
  }
  return {
    format: embedded.format,
    manifest: manifest as unknown as JsonObject,
    missing: missing as unknown as JsonObject,
    prompt,
    saved: isSaved,
  };
}

/** What the file, or the body, holds. @throws ImportError */
async function embeddedIn({ file, fields }: RunForm): Promise<Embedded> {
  try {
    if (file === undefined) {
      const document: JsonValue | undefined = fields["workflow"] ?? fields["prompt"];
      if (document === undefined) {
        throw new ImportError("there is no file, and neither workflow nor prompt in the body");
      }
      const text = isJsonObject(document) ? printJson(document) : String(document);
      return await readEmbedded(bytesSource(Buffer.from(text)));
    }
    const handle = await open(file.file, "r");
    try {
      return await readEmbedded({
        size: file.size,
        read: async (offset, length) => {
          const bytes = Buffer.alloc(length);
          const { bytesRead } = await handle.read(bytes, 0, length, offset);
          return bytes.subarray(0, bytesRead);
        },
      });
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof MediaError ? new ImportError(error.message) : error;
  }
}

/** The name of a file without its folders and ending. */
function nameOf(filename: string | undefined): string {
  const base = (filename ?? "").replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, "");
  return base === "" ? "Imported workflow" : base;
}

function idFrom(given: string | undefined, name: string): string {
  if (given !== undefined) {
    if (!WORKFLOW_ID.test(given)) {
      throw new HttpError(422, "id must begin with a letter or digit, and hold only letters, digits, . _ -");
    }
    return given;
  }
  try {
    return presetId(name);
  } catch {
    return `workflow-${randomBytes(3).toString("hex")}`;
  }
}
