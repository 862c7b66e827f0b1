/** The figures of a hub in Prometheus's own library. Gauges are asked for at each scrape; nothing is counted twice. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Member } from "../workers/member.ts";
import { workerMetrics } from "./worker-metrics.ts";

/** Numbers that exist anyway, read at each scrape. */
export interface MetricSources {
  readonly queue: { readonly pending: number; readonly running: number };
  readonly sockets: () => number;
  /** all that are known, connected or not */
  readonly workers: () => readonly Member[];
}

/** Seconds: from pictures that are scaled at once to videos that are rendered for an hour. */
const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

export class PrometheusMetrics {
  readonly #registry = new Registry();
  readonly #ended: Counter<"state">;
  readonly #retried: Counter<"kind">;
  readonly #duration: Histogram<"state">;
  readonly #requests: Counter<"method" | "status">;

  constructor(sources: MetricSources) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    const gauge = <L extends string>(
      name: string,
      help: string,
      collect: (gauge: Gauge<L>) => void,
      labelNames: L[] = [],
    ): void => {
      const made: Gauge<L> = new Gauge({ name, help, labelNames, registers, collect: () => collect(made) });
    };
    gauge(
      "hearth_jobs",
      "Jobs that wait or run",
      (jobs) => {
        jobs.set({ state: "queued" }, sources.queue.pending);
        jobs.set({ state: "running" }, sources.queue.running);
      },
      ["state"],
    );
    gauge("hearth_sockets", "Client sockets that are open", (sockets) => sockets.set(sources.sockets()));
    workerMetrics(sources.workers, registers);
    this.#ended = new Counter({
      name: "hearth_jobs_ended_total",
      help: "Jobs that ended since the hub started",
      labelNames: ["state"],
      registers,
    });
    this.#retried = new Counter({
      name: "hearth_jobs_retried_total",
      help: "Attempts that ended without a result and were followed by another",
      labelNames: ["kind"],
      registers,
    });
    this.#duration = new Histogram({
      name: "hearth_job_duration_seconds",
      help: "Time from the start of a run to its end",
      labelNames: ["state"],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#requests = new Counter({
      name: "hearth_http_requests_total",
      help: "Answered requests",
      labelNames: ["method", "status"],
      registers,
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** A job ended in `state` after `seconds` of running; `undefined` when it never ran. */
  jobEnded(state: string, seconds?: number): void {
    this.#ended.inc({ state });
    if (seconds !== undefined) this.#duration.observe({ state }, seconds);
  }

  /** An attempt is followed by another, for this class of error. */
  jobRetried(kind: string): void {
    this.#retried.inc({ kind });
  }

  answered(method: string, status: number): void {
    this.#requests.inc({ method, status });
  }

  /** The exposition format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
