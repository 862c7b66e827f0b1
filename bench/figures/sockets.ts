/** One status to many sockets: from sending `POST /queue {"clear": true}` until the last socket has it. */
import { ClientSocket } from "../client-socket.ts";
import { Connection, requestBytes } from "../http-load.ts";
import type { Report } from "../report.ts";
import { summary } from "../statistics.ts";
import type { Target } from "../target.ts";

const ROUNDS = 20;

export async function measureSockets({ url }: Target, report: Report): Promise<void> {
  const sockets: ClientSocket[] = [];
  const connection = await Connection.open(url);
  const clear = requestBytes(url, "POST", "/queue", '{"clear": true}');
  try {
    for (const count of [300, 1000]) {
      while (sockets.length < count) {
        const more = Array.from({ length: Math.min(50, count - sockets.length) }, (_, index) =>
          ClientSocket.open(url, `bench-${sockets.length + index}`),
        );
        sockets.push(...(await Promise.all(more)));
      }
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const heard = Promise.all(sockets.map((socket) => socket.next((text) => text.includes('"status"'))));
        const started = performance.now();
        await connection.send(clear);
        times.push(Math.max(...(await heard)) - started);
      }
      const { p50, max } = summary(times);
      report(`one status to ${count} sockets, p50`, p50, "ms");
      report(`one status to ${count} sockets, max`, max, "ms");
    }
  } finally {
    for (const socket of sockets) socket.close();
    connection.close();
  }
}
