/** What Prometheus can read of each worker, by its name. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Member } from "../workers/member.ts";

/** Registers everything; `workers` is asked at each scrape. */
export function workerMetrics(workers: () => readonly Member[], registers: Registry[]): void {
  const gauge = (name: string, help: string, valueOf: (member: Member) => number | undefined): void => {
    const made: Gauge<"worker"> = new Gauge({
      ...{ name, help, labelNames: ["worker"], registers },
      collect: () => {
        // A worker that was forgotten has no figures any more.
        made.reset();
        for (const member of workers()) {
          const value = valueOf(member);
          if (value !== undefined) made.set({ worker: member.name }, value);
        }
      },
    });
  };
  const all: Gauge<"state"> = new Gauge({
    ...{ name: "hearth_workers", help: "Workers that are connected", labelNames: ["state"], registers },
    collect: () => {
      const connected = workers().filter(({ link }) => link !== undefined);
      const busy = connected.filter(({ running }) => running.size > 0).length;
      all.set({ state: "busy" }, busy);
      all.set({ state: "idle" }, connected.length - busy);
    },
  });
  gauge("hearth_worker_up", "1: it is connected and can run jobs", ({ link, state }) =>
    Number(link !== undefined && state.isAvailable),
  );
  gauge("hearth_worker_busy", "Jobs that it runs", ({ running }) => running.size);
  gauge("hearth_worker_canary_ok", "1: its last canary ran; absent: there was none", ({ canary }) =>
    canary === undefined ? undefined : Number(canary.isOk),
  );
  gauge("hearth_worker_warm_models", "Model files that it holds", ({ warm }) => warm.size);
  gauge("hearth_worker_resident_memory_bytes", "Memory of a worker process", ({ stats }) => stats?.rssBytes);
  gauge("hearth_worker_cpu_seconds", "Processor time of a worker process", ({ stats }) => stats?.cpuSeconds);
  const ended: Counter<"worker" | "state"> = new Counter({
    name: "hearth_worker_jobs_ended_total",
    help: "Jobs that ended on a worker since the hub started",
    labelNames: ["worker", "state"],
    registers,
    collect: () => {
      ended.reset();
      for (const { name, completed, failed } of workers()) {
        ended.inc({ worker: name, state: "completed" }, completed);
        ended.inc({ worker: name, state: "failed" }, failed);
      }
    },
  });
}
