/** With `--enable-assets` what a node shows is an asset, and says so. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { TestServer, until } from "../support/server.ts";

interface Entry {
  readonly filename: string;
  readonly id?: string;
}
interface Executed {
  readonly type: string;
  readonly data: { readonly output?: { readonly images?: Entry[] } };
}

test("executed and history carry the ids of the assets, in the order of the run", async (t) => {
  const server = await TestServer.start(["--enable-assets"]);
  t.after(() => server.stop());
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws?clientId=me`);
  const types: string[] = [];
  let shown: Entry | undefined;
  socket.addEventListener("message", ({ data }) => {
    const { type, data: content } = JSON.parse(String(data)) as Executed;
    types.push(type);
    if (type === "executed") shown = content.output?.images?.[0];
  });
  await once(socket, "open");
  const prompt = {
    "1": { class_type: "EmptyImage", inputs: { width: 16, height: 16, batch_size: 1, color: 5 } },
    "2": { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "asset" } },
  };
  const answer = await server.post("/prompt", { prompt, client_id: "me" });
  const { prompt_id } = (await answer.json()) as { prompt_id: string };
  await until("the end of the run", () => (types.includes("execution_success") ? true : undefined));
  socket.close();
  assert.ok(types.indexOf("executed") < types.indexOf("execution_success"));
  assert.match(shown?.id ?? "", /^[0-9a-f-]{36}$/);

  await server.idle();
  const history =
    await server.json<Record<string, { outputs: Record<string, { images: Entry[] }> }>>("/history");
  assert.equal(history[prompt_id]?.outputs["2"]?.images[0]?.id, shown?.id);
  const asset = await server.json<{ name: string; job_id?: string }>(`/api/assets/${shown?.id}`);
  assert.equal(asset.name, shown?.filename);
});
