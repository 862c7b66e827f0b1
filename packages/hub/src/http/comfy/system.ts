/** `/system_stats`, `/features`, `/embeddings` (sections 3.12, 3.16). */
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import type { JsonObject } from "@hearth/protocol";
import type { FastifyInstance } from "fastify";
import type { FileNames } from "../../files/file-lists.ts";
import { sendJson } from "../answers.ts";
import type { HttpOptions } from "../options.ts";
import { twin } from "../twin.ts";

/** The ComfyUI whose behaviour this server follows; clients compare it with what they need. */
const COMFYUI_VERSION = "0.33.0";
const HEARTH_VERSION = (createRequire(import.meta.url)("../../../package.json") as { version: string })
  .version;

type SystemOptions = Pick<HttpOptions, "maxUploadBytes" | "featureFlags" | "argv" | "assets" | "devices">;

/** What `/features` answers; extra flags never override these. */
export function features(
  options: Pick<SystemOptions, "maxUploadBytes" | "featureFlags" | "assets">,
): Record<string, unknown> {
  const own = {
    supports_preview_metadata: true,
    supports_model_type_tags: true,
    max_upload_size: options.maxUploadBytes,
    extension: { manager: { supports_v4: true } },
    node_replacements: true,
    assets: options.assets !== undefined,
  };
  return { ...own, ...options.featureFlags, ...own };
}

function systemStats(argv: readonly string[], devices: readonly JsonObject[]): object {
  const total = os.totalmem();
  const free = os.freemem();
  return {
    system: {
      os: process.platform,
      ram_total: total,
      ram_free: free,
      comfyui_version: COMFYUI_VERSION,
      required_frontend_version: null,
      installed_templates_version: null,
      required_templates_version: null,
      comfy_package_versions: [],
      // Clients show these as texts; there is no Python and no PyTorch here.
      python_version: `none (Node.js ${process.versions.node})`,
      pytorch_version: "none",
      embedded_python: false,
      deploy_environment: "hearth",
      argv,
      hearth_version: HEARTH_VERSION,
    },
    // Clients size their work by the first one: the graphics cards of the workers, where there are any.
    devices: devices.length > 0 ? devices : [processor(total, free)],
  };
}

function processor(total: number, free: number): object {
  return {
    name: "cpu",
    type: "cpu",
    index: null,
    vram_total: total,
    vram_free: free,
    torch_vram_total: total,
    torch_vram_free: free,
  };
}

export function registerSystem(app: FastifyInstance, options: SystemOptions, names: FileNames): void {
  twin(app, "GET", "/system_stats", (_request, reply) =>
    sendJson(reply, systemStats(options.argv, options.devices?.() ?? [])),
  );
  twin(app, "GET", "/features", (_request, reply) => sendJson(reply, features(options)));
  twin(app, "GET", "/embeddings", (_request, reply) =>
    sendJson(
      reply,
      (names.models("embeddings") ?? []).map((name) =>
        name.slice(0, name.length - path.extname(name).length),
      ),
    ),
  );
}
