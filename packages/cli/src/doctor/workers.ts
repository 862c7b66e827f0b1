/** What the doctor says about the workers of the server that runs on the base directory. */
import { isJsonObject, type JsonObject, parseJson } from "@hearth/protocol";
import { comfyUiName } from "../flags.ts";
import { runningServerUrls, serverKeys } from "../running-server.ts";
import { portOf, reasonOf } from "./comfyui-look.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

const ASK_MS = 5_000;

/** What `/api/admin/workers` says of one, as far as it is looked at. */
interface ShownWorker {
  readonly name: string;
  readonly engine: "native" | "comfyui";
  readonly state: string;
  readonly problem: string | null;
  readonly address: string | null;
  readonly is_supervised: boolean;
  readonly is_remote: boolean | null;
  readonly comfyui_version: string | null;
  readonly seen_at: string | null;
}

export interface RunningServer {
  readonly findings: readonly Finding[];
  /** ports on which it listens; empty: none runs */
  readonly ports: readonly number[];
  /** URLs of the ComfyUIs that it drives from this machine */
  readonly comfyUis: readonly string[];
}

const NONE: RunningServer = { findings: [], ports: [], comfyUis: [] };

/** Asks the server, where one runs. `wanted`: URLs of ComfyUIs that it was to drive. */
export async function checkWorkers(base: string, wanted: readonly string[]): Promise<RunningServer> {
  const urls = await runningServerUrls(base);
  const [server] = urls;
  if (server === undefined) return NONE;
  const ports = urls.map((url) => portOf(new URL(url)));
  let answer: Response;
  let text: string;
  try {
    [answer, text] = await ask(server, await serverKeys(base));
  } catch (error) {
    const reason = reasonOf(error, ASK_MS);
    // Its file outlived it.
    if (reason === "ECONNREFUSED") return NONE;
    return { ...NONE, ports, findings: [warn("workers", `${server} cannot be asked for them: ${reason}`)] };
  }
  if (answer.status === 401) {
    const why = `${server} refuses the key for them: set API_KEY to the server's own one`;
    return { ...NONE, ports, findings: [warn("workers", why)] };
  }
  const workers = answer.ok ? readWorkers(text) : undefined;
  if (workers === undefined) {
    const why = `${server} answered with ${answer.status} when asked for them: is it of another version? Restart it`;
    return { ...NONE, ports, findings: [warn("workers", why)] };
  }
  const comfyUis = workers.flatMap(({ engine, address, is_remote, is_supervised }) =>
    engine === "comfyui" &&
    (is_supervised || is_remote === false) &&
    address !== null &&
    URL.canParse(address)
      ? [address]
      : [],
  );
  return { ports, comfyUis, findings: [...findingsOf(workers), ...notDriven(workers, wanted)] };
}

/** Tries the keys in turn. */
async function ask(server: string, keys: readonly string[]): Promise<[Response, string]> {
  const [key, ...others] = keys;
  const answer = await fetch(`${server}/api/admin/workers`, {
    ...(key === undefined ? {} : { headers: { "x-api-key": key } }),
    // A redirect could carry the key elsewhere.
    redirect: "error",
    signal: AbortSignal.timeout(ASK_MS),
  });
  const text = await answer.text();
  return answer.status === 401 && others.length > 0 ? ask(server, others) : [answer, text];
}

function readWorkers(text: string): ShownWorker[] | undefined {
  try {
    const value = parseJson(text);
    if (!Array.isArray(value) || !value.every(isJsonObject)) return undefined;
    return value.filter(({ name }: JsonObject) => typeof name === "string") as unknown as ShownWorker[];
  } catch {
    return undefined;
  }
}

function findingsOf(workers: readonly ShownWorker[]): Finding[] {
  if (workers.length === 0) {
    return [
      fail(
        "workers",
        "the server has none, so every prompt is refused: add one with --comfyui URL, or leave out --no-native",
      ),
    ];
  }
  return workers.map((worker) => {
    const subject = `worker ${worker.name}`;
    const trouble = troubleOf(worker);
    return trouble === undefined ? ok(subject, described(worker)) : warn(subject, trouble);
  });
}

function described({ engine, state, address, comfyui_version: version }: ShownWorker): string {
  if (engine === "native") return `${state}, the engine of Hearth`;
  return `${state}, drives ComfyUI ${version ?? "of an unknown version"}${address === null ? "" : ` at ${address}`}`;
}

/** What is wrong, why it matters, and what to do; `undefined`: nothing. */
function troubleOf({
  name,
  state,
  problem,
  engine,
  is_supervised,
  seen_at,
}: ShownWorker): string | undefined {
  const route = `/api/admin/workers/${name}`;
  const turnOn = `PATCH ${route} {"mode": "on"} lets it work again`;
  switch (state) {
    case "offline":
      return is_supervised
        ? `is not connected: the server starts it again and again. Look into studio/${engine === "native" ? "worker" : `worker-${name}`}.log`
        : `is not connected${seen_at === null ? "" : ` (last seen at ${seen_at})`}: what only it can run is refused. Start it, or forget it with DELETE ${route}`;
    case "unavailable":
      return `gets no jobs, since it cannot run anything: ${problem ?? "it does not say why"}`;
    case "failing":
      return `gets no jobs: ${problem ?? "its canary failed"}. It is tried again by itself; POST ${route}/canary tries it now`;
    case "paused":
      return `is paused: its jobs wait. ${turnOn}`;
    case "draining":
      return `is draining: it takes nothing new, and is disabled once it is done. ${turnOn}`;
    case "disabled":
      return `is disabled: it counts as if it were not there. ${turnOn}`;
    default:
      return undefined;
  }
}

/** ComfyUIs of the flags that the running server does not know. */
function notDriven(workers: readonly ShownWorker[], wanted: readonly string[]): Finding[] {
  const known = new Set(workers.map(({ name }) => name));
  return wanted.flatMap((url) => {
    const name = comfyUiName(new URL(url));
    if (known.has(name)) return [];
    const text = `the server that runs does not drive ${new URL(url).host}: it was started with other flags. Restart it with these`;
    return [warn(`worker ${name}`, text)];
  });
}
