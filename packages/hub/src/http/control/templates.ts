/** `/v1/template`: graphs with placeholders, kept to be run again and again. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { RawJson } from "@hearth/protocol";
import type { FastifyRequest } from "fastify";
import Type from "typebox";
import { placeholdersOf, PlaceholderError } from "../../control/placeholders/index.ts";
import { sendEmpty, sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { checkedQuery } from "../validate.ts";
import type { ControlContext } from "./context.ts";
import { type ControlForm, receiveControlForm } from "./form.ts";
import { readGraph, utf8 } from "./graph.ts";
import { OwnedDocuments, type OwnedDocument, shownTimes } from "./owned-documents.ts";
import { PAGE_QUERY, windowOf } from "./pages.ts";

export interface Template {
  readonly name: string;
  readonly description: string;
  /** JSON text of a prompt or workflow */
  readonly body: string;
}

const COLLECTION = "control_templates";
const LONGEST_NAME = 100;
const LONGEST_DESCRIPTION = 500;
const FIELDS = new Set(["name", "description", "body"]);

function templatesOf({ parts }: ControlContext): OwnedDocuments<Template> {
  return new OwnedDocuments<Template>(parts.store.documents, COLLECTION, "template");
}

/** The graph of a template. @throws HttpError 404 */
export async function bodyOfTemplate(
  request: FastifyRequest,
  context: ControlContext,
  id: string,
): Promise<string> {
  return (await templatesOf(context).get(request, id)).value.body;
}

export function registerTemplates(context: ControlContext): void {
  const { registerRaw } = context;
  const templates = templatesOf(context);
  const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;

  registerRaw("GET", "/v1/template", "read", async (request, reply) => {
    const { limit, offset } = windowOf(checkedQuery(request, Type.Object(PAGE_QUERY)));
    const all = await templates.list(request);
    return sendJson(reply, { templates: all.slice(offset, offset + limit).map(shown), total: all.length });
  });
  registerRaw("POST", "/v1/template", "run", async (request, reply) => {
    const { name, description, body } = await readTemplate(request, context);
    if (name === undefined) throw new HttpError(400, `name must have 1 to ${LONGEST_NAME} characters`);
    if (description === undefined) {
      throw new HttpError(400, `description must have 1 to ${LONGEST_DESCRIPTION} characters`);
    }
    if (body === undefined) throw new HttpError(400, "body is missing: the workflow as a JSON file");
    return sendJson(reply, shown(await templates.create(request, { name, description, body })), 201);
  });
  registerRaw("GET", "/v1/template/:id", "read", async (request, reply) =>
    sendJson(reply, shown(await templates.get(request, idOf(request)))),
  );
  registerRaw("PUT", "/v1/template/:id", "run", async (request, reply) => {
    const document = await templates.get(request, idOf(request));
    const change = await readTemplate(request, context);
    const { name, description, body } = { ...document.value, ...change };
    return sendJson(reply, shown(await templates.replace(document, { name, description, body })));
  });
  registerRaw("DELETE", "/v1/template/:id", "run", async (request, reply) => {
    await templates.remove(request, idOf(request));
    return sendEmpty(reply, 204);
  });
}

/** What the form says of a template. @throws HttpError 400 */
async function readTemplate(request: FastifyRequest, context: ControlContext): Promise<Partial<Template>> {
  const { folders, maxUploadBytes } = context.parts;
  const directory = await mkdtemp(path.join(folders.input, ".template-"));
  try {
    const form = await receiveControlForm(request, directory, maxUploadBytes);
    for (const key of [...form.fields.keys(), ...form.files.keys()]) {
      if (!FIELDS.has(key)) throw new HttpError(400, `'${key}' is no field of a template`);
    }
    const body = await bodyOf(form, directory);
    const name = text(form, "name", LONGEST_NAME);
    const description = text(form, "description", LONGEST_DESCRIPTION);
    return {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(body === undefined ? {} : { body }),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function text({ fields }: ControlForm, key: string, longest: number): string | undefined {
  const value = fields.get(key);
  if (value === undefined) return undefined;
  if (value.trim() !== "" && value.length <= longest) return value;
  throw new HttpError(400, `${key} must have 1 to ${longest} characters`);
}

async function bodyOf({ files, fields }: ControlForm, directory: string): Promise<string | undefined> {
  const file = files.get("body");
  const body =
    file === undefined
      ? fields.get("body")
      : utf8(await readFile(path.join(directory, file.arrived)), "body");
  if (body === undefined) return undefined;
  try {
    placeholdersOf(readGraph(body, "body"));
  } catch (error) {
    if (error instanceof PlaceholderError) throw new HttpError(400, error.message);
    throw error;
  }
  return body;
}

function shown(document: OwnedDocument<Template>): object {
  const { name, description, body } = document.value;
  return {
    ...shownTimes(document),
    user_id: document.owner,
    name,
    description,
    placeholders: placeholdersOf(readGraph(body, "body")),
    body: new RawJson(body),
  };
}
