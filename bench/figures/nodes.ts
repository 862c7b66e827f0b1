/**
 * Times of image nodes at 2048 × 2048, as a client sees them: from the `executing` message of a node to the next one.
 * The pixels are the same each time, the file is not, so nothing comes from a cache.
 */
import { randomUUID } from "node:crypto";
import { ClientSocket } from "../client-socket.ts";
import { Picture } from "../picture.ts";
import type { Report } from "../report.ts";
import { summary } from "../statistics.ts";
import type { Target } from "../target.ts";

const SIDE = 2048;
/** the first is a warm-up */
const ROUNDS = 4;
const RUN_LIMIT_MS = 60_000;

type Prompt = Record<string, { class_type: string; inputs: Record<string, unknown> }>;

/** Node id → name of its figure. */
const NAMES = new Map<string, string>([
  ["load", "PNG load"],
  ["blur", "blur r=10"],
  ["composite", "composite with mask"],
  ["save", "PNG save"],
]);

function nodesPrompt(file: string): Prompt {
  const prompt: Prompt = {
    load: { class_type: "LoadImage", inputs: { image: file } },
    mask: { class_type: "SolidMask", inputs: { value: 0.5, width: SIDE, height: SIDE } },
    blur: { class_type: "ImageBlur", inputs: { image: ["load", 0], blur_radius: 10, sigma: 3 } },
    composite: {
      class_type: "ImageCompositeMasked",
      inputs: {
        destination: ["load", 0],
        source: ["blur", 0],
        mask: ["mask", 0],
        x: 0,
        y: 0,
        resize_source: false,
      },
    },
    save: { class_type: "SaveImage", inputs: { images: ["load", 0], filename_prefix: "bench" } },
    showComposite: { class_type: "PreviewAny", inputs: { source: ["composite", 0] } },
  };
  const scale = (method: string, side: number, name: string): void => {
    const id = `scale-${method}-${side}`;
    const inputs = {
      image: ["load", 0],
      upscale_method: method,
      width: side,
      height: side,
      crop: "disabled",
    };
    prompt[id] = { class_type: "ImageScale", inputs };
    prompt[`show-${id}`] = { class_type: "PreviewAny", inputs: { source: [id, 0] } };
    NAMES.set(id, `${method} to ${name}`);
  };
  for (const method of ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])
    scale(method, SIDE / 2, "half");
  for (const method of ["bicubic", "lanczos"]) scale(method, SIDE * 1.5, "3072²");
  return prompt;
}

async function upload(url: string, file: Buffer): Promise<string> {
  const form = new FormData();
  form.set("image", new Blob([new Uint8Array(file)]), "bench-2048.png");
  form.set("overwrite", "true");
  const response = await fetch(`${url}/upload/image`, { method: "POST", body: form });
  if (!response.ok) throw new Error(`the upload was refused with status ${response.status}`);
  return ((await response.json()) as { name: string }).name;
}

/** Milliseconds by node id. */
async function run(
  url: string,
  socket: ClientSocket,
  clientId: string,
  prompt: Prompt,
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  let current: { node: string; at: number } | undefined;
  const ended = socket.next((text) => {
    const at = performance.now();
    const { type, data } = JSON.parse(text) as { type: string; data: { node?: string | null } };
    if (type === "execution_error") throw new Error(`a node failed: ${text.slice(0, 500)}`);
    if (type !== "executing" && type !== "execution_success") return false;
    if (current !== undefined) times.set(current.node, at - current.at);
    current = typeof data.node === "string" ? { node: data.node, at } : undefined;
    return type === "execution_success";
  }, RUN_LIMIT_MS);
  const body = JSON.stringify({ prompt, client_id: clientId });
  const response = await fetch(`${url}/prompt`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  if (!response.ok) throw new Error(`the prompt was refused: ${(await response.text()).slice(0, 500)}`);
  await response.arrayBuffer();
  await ended;
  return times;
}

export async function measureNodes({ url }: Target, report: Report): Promise<void> {
  const clientId = "bench-nodes";
  const socket = await ClientSocket.open(url, clientId);
  const picture = new Picture(SIDE);
  const all = new Map<string, number[]>();
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = await upload(url, picture.file(randomUUID()));
      const times = await run(url, socket, clientId, nodesPrompt(name));
      if (round === 0) continue;
      for (const [node, time] of times) all.set(node, [...(all.get(node) ?? []), time]);
    }
  } finally {
    socket.close();
  }
  for (const [node, name] of NAMES) report(`2048² ${name}`, summary(all.get(node) ?? []).p50, "ms");
}
