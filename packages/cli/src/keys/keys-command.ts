/** `hearth keys`: makes, lists and revokes named keys of a running server. */
import { isJsonObject, type JsonObject, parseJson, printJson } from "@hearth/protocol";
import { baseDirectory } from "../base-directory.ts";
import { keyFile, runningServerUrls, serverKeys } from "../running-server.ts";
import { type Call, readCall } from "./keys-call.ts";

export const USAGE = `usage: hearth keys list
       hearth keys create NAME --scopes read,run,admin,worker
       hearth keys revoke ID
  --server URL           the server; default: the one that runs on the base directory
  --base-directory DIR   where its address and its key are kept

The server's own key is read from $API_KEY, else from the base directory, where also a key is that was changed while the
server ran. A scope includes the narrower ones before it:
read sees, run makes and stops jobs of its own, admin does everything. worker joins as a worker and does nothing else.`;

/** The server cannot be asked, or refuses; the message is for the person at the terminal. */
class KeysError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KeysError";
  }
}

/**
 * Runs the command; what was made or found goes to standard output, every reason against it to standard error.
 * @returns exit status 0: done; 1: the server cannot be reached or refuses; 2: the call is wrong
 */
export async function keysCommand(args: readonly string[]): Promise<number> {
  const call = readCall(args);
  if (typeof call === "string") {
    console.error(call === "" ? USAGE : `hearth keys: ${call}\n\n${USAGE}`);
    return 2;
  }
  try {
    await perform(call);
    return 0;
  } catch (error) {
    if (!(error instanceof KeysError)) throw error;
    console.error(`hearth keys: ${error.message}`);
    return 1;
  }
}

async function perform(call: Call): Promise<void> {
  const base = call.base ?? baseDirectory();
  const ask = asker(call.server ?? (await runningServer(base)), await keysFor(base, call.server));
  if (call.verb === "list") {
    const keys = (await ask("GET", "")) as JsonObject[];
    if (keys.length === 0) console.log("There are no named keys.");
    for (const { id, name, scopes, created_at } of keys) {
      console.log([id, (scopes as string[]).join(","), created_at, name].map(String).join("  "));
    }
  } else if (call.verb === "create") {
    const made = (await ask("POST", "", { name: call.name, scopes: call.scopes })) as JsonObject;
    // The key alone on its line, so that a script can take it.
    console.log(String(made["key"]));
    console.error(`This is key ${String(made["id"])}; its text is not shown again.`);
  } else {
    await ask("DELETE", `/${encodeURIComponent(call.id)}`);
    console.log(`Key ${call.id} is revoked.`);
  }
}

type Ask = (method: string, below: string, body?: object) => Promise<unknown>;

/** Tries the keys in turn. */
function asker(server: string, keys: readonly string[]): Ask {
  const root = `${server.replace(/\/+$/, "")}/api/admin/keys`;
  const send = async (
    key: string,
    method: string,
    below: string,
    body?: object,
  ): Promise<[Response, string]> => {
    try {
      const answer = await fetch(root + below, {
        method,
        headers: { "x-api-key": key, "content-type": "application/json" },
        // A redirect could carry the key elsewhere.
        redirect: "error",
        ...(body === undefined ? {} : { body: printJson(body, "compact") }),
      });
      return [answer, await answer.text()];
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new KeysError(
        `no answer from ${server}: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    }
  };
  return async (method, below, body) => {
    const [first = "", ...others] = keys;
    let [answer, text] = await send(first, method, below, body);
    for (const key of others) {
      if (answer.status !== 401) break;
      [answer, text] = await send(key, method, below, body);
    }
    if (answer.ok) return parseJson(text);
    if (answer.status === 401) throw new KeysError("the server refuses this key; set API_KEY to its own one");
    throw new KeysError(`${answer.status}: ${detailOf(text)}`);
  };
}

function detailOf(text: string): string {
  try {
    const value = parseJson(text);
    if (isJsonObject(value) && typeof value["detail"] === "string") return value["detail"];
  } catch {
    // No answer of ours: shown as it is.
  }
  return text;
}

/** Address of the server that runs on this base directory. */
async function runningServer(base: string): Promise<string> {
  const [url] = await runningServerUrls(base);
  if (url === undefined) throw new KeysError(`no server runs on ${base}; name one with --server`);
  return url;
}

async function keysFor(base: string, server: string | undefined): Promise<readonly string[]> {
  const given = process.env["API_KEY"] ?? "";
  // Another server is not shown a key that nobody meant for it.
  if (given !== "" && server !== undefined) return [given];
  const keys = await serverKeys(base);
  if (keys.length === 0) throw new KeysError(`there is no key in ${keyFile(base)}; set API_KEY`);
  return keys;
}
