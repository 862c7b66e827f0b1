import assert from "node:assert/strict";
import { test } from "node:test";
import { needsText } from "./needs.ts";
import { nodeClass, playedLink, testFleet } from "./test-support.ts";

const A = nodeClass("A");
const B = nodeClass("B");

test("members come native ones first, then by name, and a link leads to its member while it stands", async (t) => {
  const { fleet, join } = await testFleet(t);
  const gpu2 = await join({ name: "gpu-2", engine: "comfyui" }, [A]);
  await join({ name: "gpu-1", engine: "comfyui" }, [A]);
  await join({ name: "native" }, [A]);
  assert.deepEqual(
    fleet.members.map(({ name }) => name),
    ["native", "gpu-1", "gpu-2"],
  );
  assert.equal(fleet.of(gpu2)?.name, "gpu-2");
  fleet.lost(gpu2);
  assert.equal(fleet.of(gpu2), undefined);
  assert.equal(fleet.named("gpu-2")?.link, undefined);
  assert.equal(fleet.members.length, 3, "a worker that is away is still known");
});

test("the next hub knows the workers of the last one with their classes, models and settings", async (t) => {
  const { fleet, join, reopen } = await testFleet(t);
  const hello = { name: "gpu-1", engine: "comfyui", tags: ["fast"], address: "http://g:8188" } as const;
  await join({ ...hello, concurrency: 2, files: "link" }, [A, B], {
    models: { vae: ["x.safetensors"] },
    extensions: ["/extensions/x/y.js"],
    packs: [{ name: "x", folder: "custom_nodes/x" }],
  });
  await fleet.configure("gpu-1", { mode: "paused", tags: ["gpu", "gpu"] });
  const again = await reopen();
  const member = again.named("gpu-1");
  assert.ok(member !== undefined);
  assert.deepEqual([...member.nodes.classes.keys()], ["A", "B"]);
  assert.deepEqual(member.nodes.classes.get("A"), A);
  assert.deepEqual(member.nodes.models, { vae: ["x.safetensors"] });
  assert.deepEqual(member.nodes.extensions, ["/extensions/x/y.js"]);
  const { engine, address, concurrency, tags, files, mode, link } = member;
  assert.deepEqual(
    { engine, address, concurrency, tags, files, mode, link },
    {
      ...{ engine: "comfyui", address: "http://g:8188", concurrency: 2, tags: ["gpu"], files: "link" },
      ...{ mode: "paused", link: undefined },
    },
  );
});

test("classes that an older hub kept are the native worker's", async (t) => {
  const { store, reopen } = await testFleet(t);
  await store.saveNodes("native", JSON.stringify([A]));
  const fleet = await reopen();
  assert.deepEqual([...(fleet.named("native")?.nodes.classes.keys() ?? [])], ["A"]);
});

test("a worker that only an earlier hub started is forgotten; others stay", async (t) => {
  const { fleet, join, reopen } = await testFleet(t);
  await fleet.supervise(["native", "gpu-1"]);
  await join({ name: "native" }, [A]);
  await join({ name: "gpu-1", engine: "comfyui" }, [A]);
  await join({ name: "elsewhere", engine: "comfyui" }, [A]);
  const again = await reopen();
  await again.supervise(["native"]);
  assert.deepEqual(
    again.members.map(({ name, isSupervised }) => [name, isSupervised]),
    [
      ["native", true],
      ["elsewhere", false],
    ],
  );
});

test("what is announced again is not written again; another list of models is", async (t) => {
  const { fleet, store, join } = await testFleet(t);
  const link = await join({ name: "gpu-1", engine: "comfyui" }, [A], { models: { vae: [] } });
  const [before] = await store.documents.list("workers");
  const { version } = fleet;
  const nodes = fleet.named("gpu-1")?.nodes;
  await fleet.announced(link, { classes: [nodeClass("A")], packs: [], models: { vae: [] } });
  assert.equal(fleet.version, version);
  assert.equal(fleet.named("gpu-1")?.nodes, nodes);
  assert.deepEqual(await store.documents.list("workers"), [before]);
  await fleet.announced(link, { classes: [A], packs: [], models: { vae: ["new.safetensors"] } });
  assert.ok(fleet.version > version);
  assert.match((await store.documents.list("workers"))[0]?.text ?? "", /new\.safetensors/);
});

test("a job makes its worker warm for its models, and a job without models leaves it so", async (t) => {
  const { fleet, join } = await testFleet(t);
  const link = await join({ name: "gpu-1", engine: "comfyui" }, [A]);
  const needs = { classes: ["A"], values: [], models: ["a.safetensors", "b.pt"], tags: [] };
  fleet.jobStarted(link, "p1", needsText(needs));
  fleet.jobStarted(link, "p2", needsText({ ...needs, models: [] }));
  fleet.jobStarted(link, "p3", undefined);
  const member = fleet.named("gpu-1");
  assert.deepEqual([...(member?.warm ?? [])], ["a.safetensors", "b.pt"]);
  assert.deepEqual([...(member?.running ?? [])], ["p1", "p2", "p3"]);
  fleet.jobEnded(link, "p1", { ok: true });
  fleet.jobEnded(link, "p2", { ok: false, error: "no memory" });
  fleet.jobLeft(link, "p3");
  assert.deepEqual([member?.completed, member?.failed, member?.running.size], [1, 1, 0]);
  assert.deepEqual([member?.lastError?.promptId, member?.lastError?.text], ["p2", "no memory"]);
});

test("a lost link's last words do not end a job that was taken up again over a newer one", async (t) => {
  const { fleet, join } = await testFleet(t);
  const before = await join({ name: "gpu-1" }, [A]);
  fleet.jobStarted(before, "p1", undefined);
  fleet.lost(before);
  const now = playedLink({ name: "gpu-1" });
  fleet.joined(now);
  fleet.jobStarted(now, "p1", undefined);
  fleet.jobLeft(before, "p1");
  fleet.lost(before);
  assert.equal(fleet.of(now)?.name, "gpu-1", "the end of the older link is not the end of the newer one");
  assert.deepEqual([...(fleet.named("gpu-1")?.running ?? [])], ["p1"]);
});

test("a draining worker is disabled once it has nothing left, and stays so over a restart", async (t) => {
  const { fleet, join, reopen } = await testFleet(t);
  const link = await join({ name: "gpu-1" }, [A]);
  fleet.jobStarted(link, "p1", undefined);
  await fleet.configure("gpu-1", { mode: "draining" });
  assert.equal(fleet.named("gpu-1")?.mode, "draining");
  const { version } = fleet;
  fleet.jobEnded(link, "p1", { ok: true });
  assert.equal(fleet.named("gpu-1")?.mode, "disabled");
  assert.ok(fleet.version > version);
  await fleet.close();
  assert.equal((await reopen()).named("gpu-1")?.mode, "disabled");
  await fleet.configure("gpu-1", { mode: "on" });
  await fleet.configure("gpu-1", { mode: "draining" });
  assert.equal(fleet.named("gpu-1")?.mode, "disabled", "it had nothing to do");
});

test("an operator's word goes before the worker's, until it is taken back", async (t) => {
  const { fleet, join } = await testFleet(t);
  const link = await join({ name: "gpu-1", concurrency: 1, tags: ["a"] }, [A]);
  await fleet.configure("gpu-1", { concurrency: 3, tags: [] });
  fleet.lost(link);
  fleet.joined(playedLink({ name: "gpu-1", concurrency: 1, tags: ["a"] }));
  assert.deepEqual([fleet.named("gpu-1")?.concurrency, fleet.named("gpu-1")?.tags], [3, []]);
  await fleet.configure("gpu-1", { concurrency: null, tags: null });
  assert.deepEqual([fleet.named("gpu-1")?.concurrency, fleet.named("gpu-1")?.tags], [1, ["a"]]);
});

test("what cannot be set or forgotten is refused by name", async (t) => {
  const { fleet, join, reopen } = await testFleet(t);
  const link = await join({ name: "gpu-1" }, [A]);
  await fleet.supervise(["native"]);
  fleet.lost(await join({ name: "native" }, [A]));
  const refused = async (doing: Promise<unknown>, statusCode: number, text: RegExp): Promise<void> => {
    await assert.rejects(doing, (error: Error & { statusCode?: number }) => {
      assert.equal(error.statusCode, statusCode);
      assert.match(error.message, text);
      return true;
    });
  };
  await refused(fleet.configure("nobody", {}), 404, /no worker 'nobody'/);
  await refused(fleet.forget("nobody"), 404, /no worker 'nobody'/);
  await refused(fleet.configure("gpu-1", { mode: "off" as "on" }), 422, /mode must be one of on, paused/);
  await refused(fleet.configure("gpu-1", { concurrency: 0 }), 422, /concurrency/);
  await refused(fleet.configure("gpu-1", { tags: [""] }), 422, /tags/);
  await refused(fleet.forget("gpu-1"), 409, /'gpu-1' is connected/);
  await refused(fleet.forget("native"), 409, /started by this server/);
  fleet.lost(link);
  await fleet.forget("gpu-1");
  assert.equal(fleet.named("gpu-1"), undefined);
  assert.equal((await reopen()).named("gpu-1"), undefined);
});

test("listeners hear what changes who can run what, and nothing else", async (t) => {
  const { fleet, join } = await testFleet(t);
  const link = await join({ name: "gpu-1" }, [A]);
  let heard = 0;
  const stop = fleet.onChange(() => (heard += 1));
  fleet.jobStarted(link, "p1", undefined);
  fleet.jobEnded(link, "p1", { ok: true });
  fleet.stateChanged(link, { isAvailable: true, devices: [{ name: "cuda:0" }] });
  assert.equal(heard, 0);
  fleet.stateChanged(link, { isAvailable: false, problem: "gone" });
  assert.equal(heard, 1);
  fleet.canaryEnded("gpu-1", { isOk: true, at: 1, tookMs: 1 });
  assert.equal(heard, 1);
  fleet.canaryEnded("gpu-1", { isOk: false, at: 2, tookMs: 1, problem: "black" });
  assert.equal(heard, 2);
  fleet.lost(link);
  assert.equal(heard, 3);
  stop();
  fleet.joined(playedLink({ name: "gpu-1" }));
  assert.equal(heard, 3);
});
