/** `hearth demo`: the main job from end to end, on a private server. */
import { readFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type JsonObject, parseJson } from "@hearth/protocol";
import { ProgressLine } from "./progress-line.ts";
import { runPrompt } from "./prompt-client.ts";
import { startPrivateServer } from "./private-server.ts";

const EXAMPLE = fileURLToPath(new URL("../../../examples/workflows/postcard/", import.meta.url));

/** Starts Hearth, uploads a picture, runs the postcard workflow on it and says where the result lies. */
export async function demo(): Promise<number> {
  const base = path.join(os.tmpdir(), `hearth-demo-${os.userInfo().uid}`);
  const started = performance.now();
  const server = await startPrivateServer(base);
  try {
    const url = server.url;
    console.log(`Hearth is running at ${url} (started in ${seconds(performance.now() - started)})`);
    await upload(url, path.join(EXAMPLE, "landscape.png"));
    const prompt = parseJson(await readFile(path.join(EXAMPLE, "prompt.json"), "utf8")) as JsonObject;
    console.log(`Running a workflow of ${Object.keys(prompt).length} nodes …`);
    const line = new ProgressLine();
    const outcome = await runPrompt(url, prompt, { progress: (share, label) => line.show(share, label) });
    line.end();
    for (const file of outcome.files) {
      console.log(`Picture: ${path.join(base, file.type, file.subfolder, file.filename)}`);
    }
    console.log(`Done in ${seconds(outcome.milliseconds)}.`);
    return 0;
  } finally {
    await server.stop();
  }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

async function upload(url: string, file: string): Promise<void> {
  const form = new FormData();
  form.set("image", new Blob([await readFile(file)]), path.basename(file));
  form.set("overwrite", "true");
  const response = await fetch(`${url}/upload/image`, { method: "POST", body: form });
  if (!response.ok) throw new Error(`the upload was refused with status ${response.status}`);
}
