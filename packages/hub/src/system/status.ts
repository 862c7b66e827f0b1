/** The status page: versions, counts, workers, disk. */
import type { JobStore } from "@hearth/jobs";
import type { Environment } from "./environment.ts";
import { tableCounts } from "./table-counts.ts";
import type { Disk } from "./telemetry/disk.ts";
import { readVersionFile } from "./versions.ts";

/** How many entries the catalogues have. */
export interface ComponentCounts {
  readonly models: number;
  /** models whose file is here */
  readonly modelsPresent: number;
  readonly loras: number;
  readonly llmModels: number;
  readonly workflows: number;
}

export interface StatusParts {
  readonly store: JobStore;
  readonly environment: Environment;
  /** `version.json` files, the one that counts first */
  readonly versionFiles: readonly string[];
  readonly counts: () => Promise<ComponentCounts>;
  /** the linked workers; `heardAt` in milliseconds of `performance.now()` */
  readonly workers: () => Iterable<{ readonly heardAt: number }>;
  /** Python module names of the known node classes */
  readonly nodeModules: () => Iterable<string>;
  readonly disk: () => Promise<Disk>;
}

/** A linked worker that was not heard for so long does not answer. */
const SILENCE_MS = 3_000;

/** As `GET /api/admin/system/status` answers. */
export async function readStatus(parts: StatusParts): Promise<object> {
  const { environment } = parts;
  const [document, counts, tables, disk] = await Promise.all([
    readVersionFile(...parts.versionFiles),
    parts.counts(),
    tableCounts(parts.store),
    parts.disk(),
  ]);
  const runtime = runtimeVersion(environment);
  const { backend, frontend, models, loras, llm_models, workflows } = document.components;
  return {
    app_version: document.appVersion,
    date: document.date,
    repo_url: environment.get("REPO_URL"),
    runtime_version: runtime,
    min_runtime: document.minRuntime,
    components: {
      runtime: {
        version: runtime,
        date: document.runtimeDate,
        status: `Docker image v${runtime}`,
        updatable: false,
      },
      backend: { ...backend, status: "running" },
      frontend: { ...frontend, status: "loaded" },
      models: {
        ...models,
        status: `${counts.models} models`,
        count: counts.models,
        present: counts.modelsPresent,
      },
      loras: { ...loras, status: `${counts.loras} loras` },
      llm_models: { ...llm_models, status: `${counts.llmModels} llm models` },
      workflows: { ...workflows, status: `${counts.workflows} workflows`, count: counts.workflows },
    },
    comfyui: { status: engineStatus(parts.workers()) },
    nodes: { total_packages: packCount(parts.nodeModules()) },
    disk: {
      total_bytes: disk.total,
      used_bytes: disk.used,
      free_bytes: Math.max(0, disk.total - disk.used),
    },
    database: { tables, browser_url: null },
    telegram_bot: {
      running: environment.get("TELEGRAM_BOT_TOKEN") !== "",
      name: environment.get("TELEGRAM_BOT_NAME"),
    },
  };
}

/** Version of the image that this runs in; 0 outside of one. */
export function runtimeVersion(environment: Pick<Environment, "get">): number {
  const text = environment.get("RUNTIME_VERSION").trim();
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** Known from heartbeats, so the page never waits for a worker. */
function engineStatus(workers: Iterable<{ readonly heardAt: number }>): "running" | "error" | "unreachable" {
  const silences = [...workers].map(({ heardAt }) => performance.now() - heardAt);
  if (silences.length === 0) return "unreachable";
  return silences.some((silence) => silence < SILENCE_MS) ? "running" : "error";
}

function packCount(modules: Iterable<string>): number {
  const packs = new Set<string>();
  for (const name of modules) {
    const pack = /^custom_nodes\.([^.]+)/.exec(name)?.[1];
    if (pack !== undefined) packs.add(pack);
  }
  return packs.size;
}
