/** What Studio's gauges show: the graphics card, the processor, memory, the disk. */
import os from "node:os";
import type { Disk, DiskReader } from "./disk.ts";
import { type Gpu, readGpus } from "./gpu.ts";
import { Kept } from "./kept.ts";
import { type Memory, readMemory, SYSTEM_ROOTS } from "./memory.ts";
import { percent } from "./percent.ts";

/** As `GET /api/admin/telemetry` answers; sizes in bytes. */
export interface TelemetryReport {
  /** the first card; null: there is none */
  readonly gpu: Gpu | null;
  readonly gpus: readonly Gpu[];
  /** load of the last minute per processor; above 100 when more wants to run than can */
  readonly cpu_percent: number;
  readonly ram_total: number;
  readonly ram_used: number;
  readonly ram_percent: number;
  /** 0: not known */
  readonly disk_total: number;
  readonly disk_used: number;
  readonly disk_percent: number;
}

/** Several open pages ask at the same time; `nvidia-smi` is started for one of them. */
const KEEP_MS = 1_000;

export class Telemetry {
  readonly #disk: Pick<DiskReader, "read">;
  readonly #gpus: Kept<Gpu[]>;
  readonly #memory: Kept<Memory>;

  constructor(disk: Pick<DiskReader, "read">, nvidiaSmi = "nvidia-smi", roots = SYSTEM_ROOTS) {
    this.#disk = disk;
    this.#gpus = new Kept(KEEP_MS, () => readGpus({ nvidiaSmi, proc: roots.proc }));
    this.#memory = new Kept(KEEP_MS, () => readMemory(roots));
  }

  async read(): Promise<TelemetryReport> {
    const [gpus, memory, disk] = await Promise.all([this.#gpus.get(), this.#memory.get(), this.disk()]);
    return {
      gpu: gpus[0] ?? null,
      gpus,
      cpu_percent: percent(os.loadavg()[0] ?? 0, os.cpus().length),
      ram_total: memory.total,
      ram_used: memory.used,
      ram_percent: percent(memory.used, memory.total),
      disk_total: disk.total,
      disk_used: disk.used,
      disk_percent: percent(disk.used, disk.total),
    };
  }

  disk(): Promise<Disk> {
    return this.#disk.read();
  }
}
