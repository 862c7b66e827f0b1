/** What the extension asks of a server. */
import { readSettings } from "./settings.js";

/** A server that waits longer than this is away. */
const TIMEOUT_MS = 30_000;

/**
 * One request with the key.
 * @param {string} path
 * @param {RequestInit} [init]
 * @throws {Error} with a sentence for the person
 */
async function ask(path, init = {}) {
  const { server, key } = await readSettings();
  let answer;
  try {
    answer = await fetch(server + path, {
      ...init,
      headers: { ...init.headers, ...(key === "" ? {} : { "X-API-Key": key }) },
      credentials: "omit",
      // The key goes to the named server alone.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new Error(`There is no answer from ${server}.`);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Error("The server wants another key. Set it in the options.");
  throw new Error(refusal(answer.status, await answer.text()));
}

/** The server's own words, where it has any. */
function refusal(status, text) {
  try {
    const body = JSON.parse(text);
    const words = body.detail ?? body.error?.message ?? body.message;
    if (typeof words === "string") return words;
  } catch {
    // Plain text.
  }
  return text.trim() === "" ? `The server answered ${status}.` : text.trim().slice(0, 300);
}

/** True when a server answers at all; it needs no key. */
export async function isThere() {
  try {
    const { server } = await readSettings();
    return (await fetch(`${server}/api/health`, { signal: AbortSignal.timeout(3_000) })).ok;
  } catch {
    return false;
  }
}

/**
 * Puts a picture into the input folder.
 * @param {Blob} picture
 * @param {string} name
 * @returns {Promise<string>} its name there
 */
export async function uploadPicture(picture, name) {
  const form = new FormData();
  form.append("image", picture, name);
  form.append("type", "input");
  const answer = await ask("/upload/image", { method: "POST", body: form });
  return (await answer.json()).name;
}

/**
 * Queues what was found inside a picture.
 * @param {{prompt?: string, workflow?: string}} found JSON texts; sent as they are, so that large seeds stay exact
 * @returns {Promise<string>} the prompt id
 */
export async function queueFound(found) {
  const body = found.prompt === undefined ? `{"workflow": ${found.workflow}}` : `{"prompt": ${found.prompt}}`;
  const answer = await ask("/prompt", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
  });
  return (await answer.json()).prompt_id;
}

/** The jobs that run or wait, with their progress. @returns {Promise<object[]>} */
export async function readQueue() {
  return (await ask("/api/admin/queue")).json();
}
