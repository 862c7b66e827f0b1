/** `/ws`: every type of message that there is, held against both descriptions. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { until } from "../support/server.ts";
import { EMPTY_IMAGE, failing, saving, sleeping, submit, untilJob } from "./prompt-graphs.ts";
import type { Difference } from "./contract.ts";
import { type Session, told } from "./session.ts";
import type { Shared } from "./servers.ts";
import { form, png } from "./uploads.ts";

/** Types that the published description names and that have nothing to do with a run. */
const SCAN = /^assets\.seed\./;

class Listener {
  readonly #socket: WebSocket;
  readonly #session: Session;
  readonly types = new Set<string>();
  readonly problems: string[] = [];
  readonly binary = new Set<number>();

  private constructor(session: Session, socket: WebSocket) {
    this.#session = session;
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") this.#hear(data);
      else this.binary.add(new DataView(data as ArrayBuffer).getUint32(0));
    });
  }

  static async open(session: Session, clientId: string, features: object): Promise<Listener> {
    const url = `${session.server.url.replace("http", "ws")}/ws?clientId=${clientId}`;
    const socket = new WebSocket(url);
    const listener = new Listener(session, socket);
    await once(socket, "open");
    session.saw("connectWebSocket", 101);
    socket.send(JSON.stringify({ type: "feature_flags", data: features }));
    return listener;
  }

  close(): void {
    this.#socket.close();
  }

  until(...types: readonly string[]): Promise<true> {
    return until(`messages ${types.join(", ")} beside ${[...this.types].join(", ")}`, () =>
      types.every((type) => this.types.has(type)) ? true : undefined,
    );
  }

  #hear(text: string): void {
    const { type, data } = JSON.parse(text) as { type: string; data: unknown };
    if (SCAN.test(type)) return;
    this.types.add(type);
    const { own, seed, waivers } = this.#session.findings;
    const differences = own.checkMessage(type, data);
    if (differences === undefined) this.problems.push(`${type} is not described`);
    else this.#note("we", type, differences, text);
    const published = (seed?.checkMessage(type, data) ?? []).filter(
      (difference) => !waivers.covers(`message ${type}`, undefined, difference),
    );
    this.#note("published", type, published, text);
  }

  #note(who: string, type: string, differences: readonly Difference[], text: string): void {
    if (differences.length > 0)
      this.problems.push(`${who}, ${type}: ${told(differences)} in ${text.slice(0, 400)}`);
  }
}

export function testMessages(shared: Shared): void {
  test("all messages are as they are described", async () => {
    const { main } = shared();
    const clientId = "contract-listener";
    const listener = await Listener.open(main, clientId, {
      supports_preview_metadata: true,
      supports_progress_text: true,
    });
    const more = { client_id: clientId };
    await main.call("followLog", 200, { json: { clientId, enabled: true } });
    const measured = {
      ...saving("messages", 77),
      "5": { class_type: "EmptyImage", inputs: { ...EMPTY_IMAGE, color: 78 } },
      "6": { class_type: "GetImageSize", inputs: { image: ["5", 0] } },
      "7": { class_type: "PreviewAny", inputs: { source: ["6", 0] } },
    };
    await untilJob(main, await submit(main, measured, more), "completed");
    // Once more, so that results are known.
    await untilJob(main, await submit(main, measured, more), "completed");
    await untilJob(main, await submit(main, failing(79), more), "failed");
    const slow = await submit(main, sleeping(60, 80), more);
    await listener.until("progress", "progress_state");
    // Somebody who comes back in the middle is told which node is at work.
    const second = await Listener.open(main, clientId, {});
    await second.until("executing");
    await main.call("interrupt", 200, { json: { prompt_id: slow } });
    await second.until("execution_interrupted");
    await untilJob(main, slow, "cancelled");

    const upload = form([
      { name: "tags", content: "input" },
      { name: "file", filename: "m.png", content: png(3, 9, [1, 1, 1, 255]) },
    ]);
    const { id } = await main.json<{ id: string }>("uploadAsset", 201, upload);
    await main.call("exportAssets", 202, { json: { asset_ids: [id] } });
    await main.call("downloadAsset", 202, { json: { url: "http://localhost/x", tags: ["input"] } });
    await second.until("asset_export", "asset_download");

    const { worker } = main.server.ids();
    assert.ok(worker !== undefined);
    process.kill(worker, "SIGKILL");
    await second.until("notification");
    await until("another worker", async () => {
      const { response } = await main.send("getReadiness");
      return response.status === 200 ? true : undefined;
    });

    const heard = new Set([...listener.types, ...second.types]);
    const { own, seed } = main.findings;
    assert.deepEqual([...listener.problems, ...second.problems], []);
    assert.deepEqual(
      own.messageTypes.filter((type) => !heard.has(type)),
      [],
      "described, and never heard",
    );
    const published = seed?.messageTypes ?? [];
    assert.deepEqual(
      published.filter((type) => !heard.has(type)),
      [],
      "published, and never heard",
    );
    assert.ok(listener.binary.has(3), "a text as binary frame");
    listener.close();
    second.close();
  });
}
