/** The prompts that are measured. Each differs from every other, so that no result is taken from a cache. */
import { randomInt } from "node:crypto";
import { load, requestBytes } from "./http-load.ts";
import { idle } from "./target.ts";

/** Prompts of one run of this program start at a random colour: a server given by its URL may have seen others. */
let colour = randomInt(0, 0xffffff);

export function smallPrompt(): Record<string, unknown> {
  colour = (colour + 1) & 0xffffff;
  return {
    "1": { class_type: "EmptyImage", inputs: { width: 64, height: 64, batch_size: 1, color: colour } },
    "2": { class_type: "ImageInvert", inputs: { image: ["1", 0] } },
    "3": { class_type: "PreviewAny", inputs: { source: ["2", 0] } },
  };
}

export function promptRequest(url: string, clientId?: string): Buffer {
  const body = { prompt: smallPrompt(), ...(clientId === undefined ? {} : { client_id: clientId }) };
  return requestBytes(url, "POST", "/prompt", JSON.stringify(body));
}

/** Runs `count` small prompts, at most 500 waiting at once. */
export async function runMany(url: string, count: number): Promise<void> {
  for (let done = 0; done < count; done += 500) {
    const maxRequests = Math.min(500, count - done);
    await load(url, () => promptRequest(url), { connections: 8, maxRequests, maxSeconds: 60 });
    await idle(url);
  }
}
