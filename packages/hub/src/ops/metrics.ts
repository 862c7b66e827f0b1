/**
 * What Prometheus can read of a hub. Its library is loaded at the first scrape, or once there is something to count: a
 * start has no use for it.
 */
import type { MetricSources, PrometheusMetrics } from "./prometheus.ts";

/** With so many things to count it is time to load. */
const MOST_WAITING = 100;

export class HubMetrics {
  readonly #sources: MetricSources;
  #loading: Promise<PrometheusMetrics> | undefined;
  #metrics: PrometheusMetrics | undefined;
  /** what is to be counted as soon as it can be */
  #waiting: ((metrics: PrometheusMetrics) => void)[] = [];

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  /** A job ended in `state` after `seconds` of running; `undefined` when it never ran. */
  jobEnded(state: string, seconds?: number): void {
    this.#count((metrics) => metrics.jobEnded(state, seconds));
  }

  /** An attempt is followed by another, for this class of error. */
  jobRetried(kind: string): void {
    this.#count((metrics) => metrics.jobRetried(kind));
  }

  answered(method: string, status: number): void {
    this.#count((metrics) => metrics.answered(method, status));
  }

  /** Everything in the exposition format, and its content type. */
  async read(): Promise<{ readonly text: string; readonly contentType: string }> {
    const metrics = await this.#load();
    return { text: await metrics.text(), contentType: metrics.contentType };
  }

  #count(tell: (metrics: PrometheusMetrics) => void): void {
    if (this.#metrics !== undefined) return tell(this.#metrics);
    this.#waiting.push(tell);
    if (this.#waiting.length === MOST_WAITING) void this.#load();
  }

  #load(): Promise<PrometheusMetrics> {
    this.#loading ??= import("./prometheus.ts").then((loaded) => {
      const metrics = new loaded.PrometheusMetrics(this.#sources);
      for (const tell of this.#waiting) tell(metrics);
      this.#waiting = [];
      this.#metrics = metrics;
      return metrics;
    });
    return this.#loading;
  }
}
