/** The peer's HTTP routes: what each does and answers, as recorded. */
import { randomUUID } from "node:crypto";
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  printJson,
} from "@hearth/protocol";
import type { Folder } from "./files.ts";
import type { PeerState } from "./state.ts";

export interface PeerRequest {
  readonly method: string;
  /** without the `/api` of twins */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

type Route = (state: PeerState, request: PeerRequest, parameter: string) => Reply | Promise<Reply>;

const EMPTY: Reply = { status: 200 };
const NOT_FOUND: Reply = { status: 404, headers: { "content-type": "application/octet-stream" } };
const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function json(value: unknown, status = 200): Reply {
  const body = typeof value === "string" ? value : printJson(value);
  return { status, headers: { "content-type": "application/json; charset=utf-8" }, body };
}

function bodyOf(request: PeerRequest): JsonObject {
  const value = request.body.length === 0 ? {} : parseJson(request.body.toString());
  return isJsonObject(value) ? value : {};
}

const strings = (value: JsonValue | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);

/** The refusal of a prompt; `undefined` when it may run. */
function refusal(state: PeerState, prompt: JsonObject, outputs: readonly string[]): Reply | undefined {
  for (const [id, node] of entriesOf(prompt)) {
    const { class_type: name, inputs } = isJsonObject(node) ? node : {};
    if (!state.classes.has(String(name))) {
      const error = {
        type: "missing_node_type",
        message: `Node '${String(name)}' not found. The custom node may not be installed.`,
        details: `Node ID '#${id}'`,
        extra_info: { node_id: id, class_type: String(name), node_title: String(name) },
      };
      return json({ error, node_errors: {} }, 400);
    }
    const image = isJsonObject(inputs) ? inputs["image"] : undefined;
    if (name !== "LoadImage" || typeof image !== "string" || state.hasInput(image)) continue;
    const problem = {
      type: "custom_validation_failed",
      message: "Custom validation failed for node",
      details: `image - Invalid image file: ${image}`,
      extra_info: { input_name: "image", input_config: ["COMBO", {}], received_value: image },
    };
    const error = {
      type: "prompt_outputs_failed_validation",
      message: "Prompt outputs failed validation",
      details: "",
      extra_info: {},
    };
    const errors = { [id]: { errors: [problem], dependent_outputs: [...outputs], class_type: "LoadImage" } };
    return json({ error, node_errors: errors }, 400);
  }
  if (outputs.length > 0) return undefined;
  const error = { type: "prompt_no_outputs", message: "Prompt has no outputs", details: "", extra_info: {} };
  return json({ error, node_errors: {} }, 400);
}

const REPEATED_ID = "77777777-0000-4000-8000-000000000007";

function promptIdOf(state: PeerState, asked: JsonValue | undefined): string {
  if (state.options.ownIds === "repeated") return REPEATED_ID;
  return state.options.ownIds === true || asked === undefined ? randomUUID() : String(asked);
}

const postPrompt: Route = (state, request) => {
  const body = bodyOf(request);
  const { prompt, extra_data: extra, client_id: client } = body;
  if (!isJsonObject(prompt)) return json({ error: { type: "no_prompt" }, node_errors: {} }, 400);
  const asked = body["prompt_id"];
  const isStrict = state.options.version !== "0.19";
  if (
    isStrict &&
    state.options.ownIds === undefined &&
    asked !== undefined &&
    !CANONICAL.test(String(asked))
  ) {
    const error = {
      type: "invalid_prompt_id",
      message: "prompt_id must be a valid UUID",
      details:
        "prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server generate one",
      extra_info: {},
    };
    return json({ error, node_errors: {} }, 400);
  }
  const targets = body["partial_execution_targets"];
  const outputs = entriesOf(prompt)
    .filter(([, node]) => isJsonObject(node) && state.classes.isOutput(String(node["class_type"])))
    .map(([id]) => id)
    .filter((id) => targets === undefined || targets === null || strings(targets).includes(id));
  const refused = refusal(state, prompt, outputs);
  if (refused !== undefined) return refused;
  const promptId = promptIdOf(state, asked);
  const extraData: JsonObject = { ...(isJsonObject(extra) ? extra : {}), create_time: Date.now() };
  if (client !== undefined) extraData["client_id"] = client;
  const number = state.enqueue({ promptId, prompt, extraData, outputs });
  return json({ prompt_id: promptId, number, node_errors: {} });
};

function historyPage(state: PeerState, request: PeerRequest): Reply {
  const entries = [...state.history];
  const most = Number(request.query.get("max_items") ?? entries.length);
  const offset = Number(request.query.get("offset") ?? -1);
  const from = offset >= 0 ? offset : Math.max(0, entries.length - most);
  return json(Object.fromEntries(entries.slice(from, from + most)));
}

const getView: Route = (state, request) => {
  const name = request.query.get("filename");
  if (name === null) return NOT_FOUND;
  if (name === "" || name.startsWith("/") || name.includes("..")) return { status: 400 };
  const folder = request.query.get("type") ?? "output";
  const file = state.files.get(folder, request.query.get("subfolder") ?? "", name.split("/").at(-1) ?? "");
  if (file === undefined) return NOT_FOUND;
  const headers = {
    "content-type": name.endsWith(".png") ? "image/png" : "application/octet-stream",
    "content-disposition": `filename="${name}"`,
    etag: file.etag,
    "last-modified": file.modified.toUTCString(),
    "accept-ranges": "bytes",
  };
  if (request.headers["if-none-match"] === file.etag) return { status: 304, headers };
  return { status: 200, headers, body: file.bytes };
};

const postUpload: Route = async (state, request) => {
  const type = String(request.headers["content-type"] ?? "");
  if (!type.startsWith("multipart/form-data")) return { status: 400 };
  const form = await new Response(new Uint8Array(request.body), {
    headers: { "content-type": type },
  }).formData();
  const image = form.get("image");
  if (!(image instanceof File)) return { status: 400 };
  const text = (name: string): string => String(form.get(name) ?? "");
  const folder = (text("type") || "input") as Folder;
  const overwrite = text("overwrite") === "true" || text("overwrite") === "1";
  const bytes = Buffer.from(await image.arrayBuffer());
  const name = state.files.upload(folder, text("subfolder"), image.name, bytes, overwrite);
  return json({ name, subfolder: text("subfolder"), type: folder });
};

const postInterrupt: Route = (state, request) => {
  const id = bodyOf(request)["prompt_id"];
  const isGlobal = id === undefined || id === "" || state.options.interruptKnowsIds === false;
  if (isGlobal || state.running?.item.promptId === id) state.running?.interrupt();
  return EMPTY;
};

const postQueue: Route = (state, request) => {
  const body = bodyOf(request);
  state.removeWaiting(body["clear"] === true ? undefined : strings(body["delete"]));
  return EMPTY;
};

const getJob: Route = (state, _request, id) => {
  const entry = state.history.get(id);
  if (entry !== undefined) {
    const [number, , prompt, extra] = entry["prompt"] as JsonValue[];
    const status = entry["status"] as JsonObject;
    const messages = JSON.stringify(status["messages"]);
    const failed = messages.includes("execution_interrupted") ? "cancelled" : "failed";
    return json({
      id,
      status: status["completed"] === true ? "completed" : failed,
      priority: number,
      outputs: entry["outputs"],
      execution_status: status,
      workflow: { prompt, extra_data: extra },
    });
  }
  const item = state.running?.item.promptId === id ? state.running.item : state.waiting(id);
  if (item === undefined) return json({ error: "Job not found" }, 404);
  const status = item === state.running?.item ? "in_progress" : "pending";
  return json({
    id,
    status,
    priority: item.number,
    create_time: item.extraData["create_time"] ?? 0,
    outputs_count: 0,
  });
};

const postFree: Route = (state, request) => {
  state.freed.push(bodyOf(request));
  return EMPTY;
};

/** `{id}` stands for one segment. */
const ROUTES: Readonly<Record<string, Route>> = {
  "GET /prompt": (state) => json({ exec_info: { queue_remaining: state.queueRemaining } }),
  "POST /prompt": postPrompt,
  "GET /queue": (state) => json(state.printQueue()),
  "POST /queue": postQueue,
  "POST /interrupt": postInterrupt,
  "POST /free": postFree,
  "GET /history": historyPage,
  "GET /history/{id}": (state, _request, id) => {
    const entry = state.history.get(id);
    return json(entry === undefined ? {} : { [id]: entry });
  },
  "GET /api/jobs/{id}": getJob,
  "GET /view": getView,
  "POST /upload/image": postUpload,
  "GET /object_info": (state) => json(state.objectInfo()),
  "GET /models": (state) => json(Object.keys(state.options.models ?? {})),
  "GET /models/{id}": (state, _request, id) => {
    const names = state.options.models?.[id];
    return names === undefined ? { status: 404 } : json(names);
  },
  "GET /extensions": (state) => json(state.options.extensions ?? []),
  "GET /embeddings": () => json([]),
  "GET /features": (state) => json(state.features()),
  "GET /system_stats": (state) => json(state.systemStats()),
};

/** The place of a request, as faults name it. */
export function placeOf(method: string, path: string): string {
  const verb = method === "HEAD" ? "GET" : method;
  const exact = `${verb} ${path}`;
  if (ROUTES[exact] !== undefined) return exact;
  const open = exact.replace(/\/[^/]+$/, "/{id}");
  return ROUTES[open] === undefined ? exact : open;
}

export function answer(state: PeerState, request: PeerRequest): Reply | Promise<Reply> {
  const place = placeOf(request.method, request.path);
  const isJobs = place.startsWith("GET /api/jobs");
  const route = isJobs && state.options.jobsApi === false ? undefined : ROUTES[place];
  if (route === undefined) {
    if (request.method === "GET" || request.method === "HEAD") return NOT_FOUND;
    return { status: 405, headers: { allow: "GET,HEAD" }, body: "405: Method Not Allowed" };
  }
  return route(state, request, decodeURIComponent(request.path.split("/").at(-1) ?? ""));
}
