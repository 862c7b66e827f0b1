/** What a ComfyUI says of itself when it is asked once. Nothing is submitted to it. */
import { randomUUID } from "node:crypto";
import { isJsonObject, type JsonValue, parseJson } from "@hearth/protocol";

const ASK_MS = 5_000;
/** A ComfyUI with many packs takes a while for its node classes. */
const CLASSES_MS = 60_000;

export interface ComfyUiLook {
  readonly version: string | undefined;
  /** it is a Hearth that speaks ComfyUI's contract */
  readonly hearthVersion: string | undefined;
  /** milliseconds by which its clock is ahead of this machine's, to a second; absent: it does not say its time */
  readonly clockAheadMs: number | undefined;
  readonly hasJobsApi: boolean;
  /** prompts in its queue that no Hearth submitted */
  readonly foreign: { readonly running: number; readonly waiting: number };
  readonly classes: ReadonlySet<string>;
  /** model files, `<folder>/<name>` */
  readonly models: ReadonlySet<string>;
}

/** It does not answer as a ComfyUI; the message says how. */
export class NoComfyUi extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "NoComfyUi";
  }
}

export class ComfyUiCaller {
  readonly #root: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `url` may have a path, and a name and password. */
  constructor(url: URL) {
    const { username, password, protocol, host, pathname } = url;
    this.#root = `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers =
      credentials === ":" ? {} : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
  }

  /** Any status is an answer. @throws NoComfyUi */
  async get(target: string, deadlineMs = ASK_MS): Promise<Response> {
    try {
      return await fetch(this.#root + target, {
        headers: this.#headers,
        signal: AbortSignal.timeout(deadlineMs),
      });
    } catch (error) {
      throw new NoComfyUi(`does not answer: ${reasonOf(error, deadlineMs)}`, error);
    }
  }

  /** The JSON of an answer, and its `Date` header. @throws NoComfyUi */
  async ask(target: string, deadlineMs?: number): Promise<{ value: JsonValue; date: string | null }> {
    const answer = await this.get(target, deadlineMs);
    if (answer.status === 401 || answer.status === 403) {
      await answer.body?.cancel();
      const hint = "put a name and password into its URL (http://NAME:PASSWORD@HOST)";
      throw new NoComfyUi(`refuses with ${answer.status}: ${hint}`);
    }
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new NoComfyUi(`answers GET ${target} with ${answer.status}: it is no ComfyUI`);
    }
    try {
      return { value: parseJson(await answer.text()), date: answer.headers.get("date") };
    } catch (error) {
      throw new NoComfyUi(`answers GET ${target} with something that is no JSON: it is no ComfyUI`, error);
    }
  }

  /** Asks for everything. @throws NoComfyUi */
  async look(): Promise<ComfyUiLook> {
    const { system, clockAheadMs } = await this.#system();
    const [hasJobsApi, queue, infos, models] = await Promise.all([
      this.#hasJobsApi(),
      this.ask("/queue"),
      this.ask("/object_info", CLASSES_MS),
      this.#models(),
    ]);
    return {
      version: textOf(system["comfyui_version"]),
      hearthVersion: textOf(system["hearth_version"]),
      clockAheadMs,
      hasJobsApi,
      foreign: {
        running: foreignIn(queue.value, "queue_running"),
        waiting: foreignIn(queue.value, "queue_pending"),
      },
      classes: new Set(isJsonObject(infos.value) ? Object.keys(infos.value) : []),
      models,
    };
  }

  /** Where there is one, it says in JSON that it knows no such job. */
  async #hasJobsApi(): Promise<boolean> {
    const answer = await this.get(`/api/jobs/${randomUUID()}`);
    const text = await answer.text();
    try {
      return isJsonObject(parseJson(text));
    } catch {
      return false;
    }
  }

  async #system(): Promise<{
    system: Readonly<Record<string, JsonValue>>;
    clockAheadMs: number | undefined;
  }> {
    const askedAt = Date.now();
    const { value, date } = await this.ask("/system_stats");
    const middle = (askedAt + Date.now()) / 2;
    const saidAt = Date.parse(date ?? "");
    const system = isJsonObject(value) ? value["system"] : undefined;
    if (!isJsonObject(system))
      throw new NoComfyUi("answers GET /system_stats without a system: it is no ComfyUI");
    // The header counts whole seconds: half of one more is the best guess.
    return { system, clockAheadMs: Number.isNaN(saidAt) ? undefined : saidAt + 500 - middle };
  }

  async #models(): Promise<ReadonlySet<string>> {
    const { value: folders } = await this.ask("/models");
    const names = Array.isArray(folders) ? folders.filter((name) => typeof name === "string") : [];
    const lists = await Promise.all(
      names.map(async (folder) => {
        const { value: files } = await this.ask(`/models/${encodeURIComponent(folder)}`);
        return Array.isArray(files) ? files.map((file) => `${folder}/${String(file)}`) : [];
      }),
    );
    return new Set(lists.flat());
  }
}

/** Items of a list of the queue without the mark that Hearth puts on what it submits. */
function foreignIn(queue: JsonValue, list: "queue_running" | "queue_pending"): number {
  const items = isJsonObject(queue) ? queue[list] : undefined;
  if (!Array.isArray(items)) return 0;
  return items.filter((item) => {
    const extra = Array.isArray(item) ? item[3] : undefined;
    return !isJsonObject(extra) || !isJsonObject(extra["hearth"]);
  }).length;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Why a call failed, in a word or two. */
export function reasonOf(error: unknown, deadlineMs: number): string {
  if (error instanceof Error && error.name === "TimeoutError") return `nothing within ${deadlineMs / 1000} s`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, errors } = cause as { code?: string; errors?: readonly { code?: string }[] };
  return errors?.[0]?.code ?? code ?? (cause instanceof Error ? cause.message : String(cause));
}

/** Also where the URL leaves it out. */
export function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
