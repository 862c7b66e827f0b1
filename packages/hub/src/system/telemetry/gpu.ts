/** Graphics cards, as `nvidia-smi` and the driver tell of them. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { percent } from "./percent.ts";

export interface Gpu {
  readonly name: string;
  /** bytes; null: not known */
  readonly vram_total: number | null;
  readonly vram_used: number | null;
  readonly vram_percent: number | null;
  readonly util_percent: number | null;
  readonly temp_c: number | null;
}

/** A driver that hangs must not hang the page. */
const TIMEOUT_MS = 2_000;
const QUERY = "name,memory.total,memory.used,utilization.gpu,temperature.gpu";
const MIB = 1024 ** 2;

export interface GpuSources {
  /** the program, as a name on the path or a file */
  readonly nvidiaSmi: string;
  readonly proc: string;
}

/** All cards, the first one first; none when there is no card, or no driver. */
export async function readGpus(sources: GpuSources): Promise<Gpu[]> {
  try {
    const { stdout } = await promisify(execFile)(
      sources.nvidiaSmi,
      [`--query-gpu=${QUERY}`, "--format=csv,noheader,nounits"],
      { timeout: TIMEOUT_MS, killSignal: "SIGKILL" },
    );
    return stdout.split("\n").flatMap((line) => gpuOf(line) ?? []);
  } catch {
    // No such program, no driver, or no answer: the driver's own files still tell which cards there are.
    return driverGpus(sources.proc);
  }
}

/** `NVIDIA H100, 81559, 8192, 85, 72`; what a card does not tell reads `[N/A]`. */
function gpuOf(line: string): Gpu | undefined {
  const fields = line.split(",").map((field) => field.trim());
  if (fields.length < 5) return undefined;
  const [total, used, util, temperature] = fields.slice(-4).map(numberOf);
  const vramTotal = bytes(total);
  const vramUsed = bytes(used);
  return {
    name: fields.slice(0, -4).join(", "),
    vram_total: vramTotal,
    vram_used: vramUsed,
    vram_percent: vramTotal === null || vramUsed === null ? null : percent(vramUsed, vramTotal),
    util_percent: util ?? null,
    temp_c: temperature ?? null,
  };
}

async function driverGpus(proc: string): Promise<Gpu[]> {
  const folder = path.join(proc, "driver/nvidia/gpus");
  const cards = await readdir(folder).catch(() => []);
  const texts = await Promise.all(
    cards.sort().map((card) => readFile(path.join(folder, card, "information"), "utf8").catch(() => "")),
  );
  return texts.flatMap((text) => {
    const name = /^Model:\s*(.+)$/m.exec(text)?.[1]?.trim();
    if (name === undefined) return [];
    const unknown = {
      vram_total: null,
      vram_used: null,
      vram_percent: null,
      util_percent: null,
      temp_c: null,
    };
    return [{ name, ...unknown }];
  });
}

function bytes(mebibytes: number | undefined): number | null {
  return mebibytes === undefined ? null : mebibytes * MIB;
}

function numberOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
