/** Saved prompts: texts that a person wants to use again. Each belongs to who saved it. */
import { randomUUID } from "node:crypto";
import type { DocumentStore } from "@hearth/jobs";
import { isJsonObject, type JsonObject, parseJson, printJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Type from "typebox";
import { sees } from "../../auth/identity.ts";
import { sendJson } from "../answers.ts";
import { HttpError } from "../errors.ts";
import { ownContract, studioError } from "../own-contract.ts";
import { checkedBody } from "../validate.ts";
import { localTime } from "./local-time.ts";
import { idOf } from "./run.ts";

/** Counted by the status page under this name. */
export const SAVED_PROMPTS = "saved_prompts";

const FIELDS = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  text: Type.String({ minLength: 1, maxLength: 100_000 }),
  negative: Type.Optional(Type.String({ maxLength: 100_000 })),
  tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 })),
  workflow_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
};
export const NEW = Type.Object(FIELDS);
export const CHANGES = Type.Partial(NEW);

interface Kept {
  readonly id: string;
  readonly prompt: JsonObject;
}

export interface SavedPromptParts {
  readonly documents: DocumentStore;
  /** of the times; default: Studio's */
  readonly zone?: string | undefined;
}

export function registerSavedPrompts(app: FastifyInstance, parts: SavedPromptParts): void {
  const register = ownContract(app, studioError);
  const { documents } = parts;
  register("GET", "/api/admin/saved-prompts", "read", async (request, reply) => {
    const kept = (await documents.list(SAVED_PROMPTS)).map(({ key, text }) => read(key, text));
    const mine = kept.filter((one) => isSeen(request, one));
    const newest = mine.sort((one, other) => Number(other.prompt["created"]) - Number(one.prompt["created"]));
    return sendJson(
      reply,
      newest.map((one) => shown(one, parts)),
    );
  });
  register("POST", "/api/admin/saved-prompts", "run", async (request, reply) => {
    const body = checkedBody(request, NEW);
    const now = Date.now();
    const kept: Kept = {
      id: randomUUID(),
      prompt: { ...fieldsOf(body), owner: request.identity.owner, created: now, updated: now },
    };
    await documents.add(SAVED_PROMPTS, kept.id, printJson(kept.prompt, "compact"));
    return sendJson(reply, shown(kept, parts));
  });
  register("GET", "/api/admin/saved-prompts/:id", "read", async (request, reply) =>
    sendJson(reply, shown(await find(request, documents), parts)),
  );
  register("PUT", "/api/admin/saved-prompts/:id", "run", async (request, reply) => {
    const changes = checkedBody(request, CHANGES);
    const { id, prompt } = await find(request, documents);
    const changed = { id, prompt: { ...prompt, ...fieldsOf(changes), updated: Date.now() } };
    await documents.put(SAVED_PROMPTS, id, printJson(changed.prompt, "compact"));
    return sendJson(reply, shown(changed, parts));
  });
  register("DELETE", "/api/admin/saved-prompts/:id", "run", async (request, reply) => {
    const { id } = await find(request, documents);
    await documents.remove(SAVED_PROMPTS, id);
    return sendJson(reply, { deleted: id });
  });
}

/** What the schema names, without further fields of a body. */
function fieldsOf(body: object): JsonObject {
  const entries = Object.entries(body).filter(([name]) => Object.hasOwn(FIELDS, name));
  return Object.fromEntries(entries) as JsonObject;
}

function read(id: string, text: string): Kept {
  const prompt = parseJson(text);
  return { id, prompt: isJsonObject(prompt) ? prompt : {} };
}

function isSeen(request: FastifyRequest, { prompt }: Kept): boolean {
  const owner = sees(request.identity);
  return owner === undefined || prompt["owner"] === owner;
}

async function find(request: FastifyRequest, documents: DocumentStore): Promise<Kept> {
  const id = idOf(request);
  const document = await documents.get(SAVED_PROMPTS, id);
  const kept = document === undefined ? undefined : read(id, document.text);
  if (kept === undefined || !isSeen(request, kept)) throw new HttpError(404, "Saved prompt not found");
  return kept;
}

function shown({ id, prompt }: Kept, { zone }: SavedPromptParts): JsonObject {
  const time = (name: string): string => localTime(Number(prompt[name]), zone);
  return {
    id,
    name: prompt["name"] ?? "",
    text: prompt["text"] ?? "",
    negative: prompt["negative"] ?? "",
    tags: prompt["tags"] ?? [],
    workflow_id: prompt["workflow_id"] ?? null,
    created_at: time("created"),
    updated_at: time("updated"),
  };
}
