/** How fast small prompts run: alone, one after the other, and many at once. */
import { ClientSocket } from "../client-socket.ts";
import { Connection, load } from "../http-load.ts";
import { promptRequest, runMany } from "../prompts.ts";
import type { Report } from "../report.ts";
import { summary } from "../statistics.ts";
import { idle, type Target } from "../target.ts";

const RUNS = 300;
const BURST = 2000;

/** From sending `POST /prompt` to `execution_success` on the client's socket. */
export async function measureLatency({ url }: Target, report: Report): Promise<void> {
  const clientId = "bench-latency";
  const socket = await ClientSocket.open(url, clientId);
  const connection = await Connection.open(url);
  try {
    await runMany(url, 50);
    const times: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const request = promptRequest(url, clientId);
      const succeeded = socket.next((text) => text.includes('"execution_success"'));
      const started = performance.now();
      const [at] = await Promise.all([succeeded, connection.send(request)]);
      times.push(at - started);
      // The next prompt starts on an idle server, as a person's would.
      await idle(url);
    }
    const { p50, p99, max } = summary(times);
    report("latency p50", p50, "ms");
    report("latency p99", p99, "ms");
    report("latency max", max, "ms");
  } finally {
    connection.close();
    socket.close();
  }
}

/** A burst of prompts from eight clients: how fast they are accepted, and how fast all are finished. */
export async function measureThroughput({ url }: Target, report: Report): Promise<void> {
  await runMany(url, 200);
  const requests = Array.from({ length: BURST }, () => promptRequest(url));
  const started = performance.now();
  const accepted = await load(url, (index) => requests[index] as Buffer, {
    connections: 8,
    maxRequests: BURST,
    maxSeconds: 60,
  });
  await idle(url);
  report("prompts accepted", accepted.perSecond, "/s");
  report("prompts finished", BURST / ((performance.now() - started) / 1000), "/s");
}
