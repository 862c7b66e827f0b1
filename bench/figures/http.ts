/** Requests per second of what clients poll, with jobs in history. */
import { Connection, load, requestBytes } from "../http-load.ts";
import { runMany } from "../prompts.ts";
import type { Report } from "../report.ts";
import { summary } from "../statistics.ts";
import type { Target } from "../target.ts";

const ROUTES = [
  ["/object_info", "/object_info"],
  ["/queue (empty)", "/queue"],
  ["/api/jobs", "/api/jobs"],
  ["/api/jobs?limit=100", "/api/jobs?limit=100"],
  ["/history?max_items=64", "/history?max_items=64"],
  ["/system_stats", "/system_stats"],
] as const;

/** What a client asks for after each job. */
const AFTER_A_JOB = ["/api/jobs", "/api/jobs?limit=100", "/history?max_items=64"] as const;
const JOBS = 40;

export async function measureHttp({ url }: Target, report: Report): Promise<void> {
  for (const [name, route] of ROUTES) {
    const request = requestBytes(url, "GET", route);
    await load(url, () => request, { connections: 4, maxRequests: 200, maxSeconds: 1 });
    const many = await load(url, () => request, { connections: 8, maxRequests: 30_000, maxSeconds: 2 });
    report(name, many.perSecond, "/s");
    if (many.bodyBytes > 100_000) report(`${name}, size of the answer`, many.bodyBytes / 1000, "kB");
    if (!route.startsWith("/history")) continue;
    const single = await load(url, () => request, { connections: 1, maxRequests: 500, maxSeconds: 2 });
    report(`${name}, one by one, p50`, single.latency.p50, "ms");
  }
  await afterEachJob(url, report);
}

/** The rates above ask again and again while nothing changes, so a server may answer from memory. Here it cannot. */
async function afterEachJob(url: string, report: Report): Promise<void> {
  const connection = await Connection.open(url);
  try {
    for (const route of AFTER_A_JOB) {
      const request = requestBytes(url, "GET", route);
      const times: number[] = [];
      for (let job = 0; job < JOBS; job += 1) {
        await runMany(url, 1);
        const started = performance.now();
        await connection.send(request);
        times.push(performance.now() - started);
      }
      report(`${route}, first after a job, p50`, summary(times).p50, "ms");
    }
  } finally {
    connection.close();
  }
}
