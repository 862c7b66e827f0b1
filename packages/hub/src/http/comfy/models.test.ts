import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { Folders } from "@hearth/protocol";
import { rawRequest, startServer } from "../test-server.ts";

function write(folders: Folders, names: readonly string[]): void {
  for (const name of names) {
    const file = path.join(folders.models, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, "12345");
    utimesSync(file, 1_600_000_000, 1_600_000_000.5);
  }
}

test("types, their folders and their files, as they are on the disk now", async (t) => {
  const { port, folders } = await startServer(t);
  const get = async (target: string): Promise<unknown> => {
    const { status, body } = await rawRequest(port, "GET", target);
    return status === 200 ? JSON.parse(body) : `${status} ${body}`;
  };
  write(folders, [
    "checkpoints/b.safetensors",
    "checkpoints/sub/c.CKPT",
    "checkpoints/readme.txt",
    "clip/t.pt",
  ]);
  write(folders, ["configs/v1.yaml", "classifiers/plain", "classifiers/other.bin", "datasets/any.txt"]);
  write(folders, ["checkpoints/.git/x.safetensors", "embeddings/sub/two.pt", "embeddings/one.safetensors"]);
  symlinkSync("b.safetensors", path.join(folders.models, "checkpoints/alias.safetensors"));
  const types = (await get("/models")) as string[];
  assert.equal(types.length, 27);
  assert.deepEqual(types.slice(0, 5), ["checkpoints", "configs", "loras", "vae", "text_encoders"]);
  assert.deepEqual(await get("/models/checkpoints"), ["alias.safetensors", "b.safetensors", "sub/c.CKPT"]);
  assert.deepEqual(await get("/api/models/text_encoders"), ["t.pt"]);
  assert.deepEqual(await get("/models/classifiers"), ["plain"]);
  assert.deepEqual(await get("/models/datasets"), ["any.txt"]);
  assert.deepEqual(await get("/embeddings"), ["one", "sub/two"]);
  for (const unknown of ["clip", "unet", "nope", "__proto__", "..", "%2e%2e%2fmodels", ""]) {
    assert.equal(await get(`/models/${unknown}`), "404 ", unknown);
    assert.equal(await get(`/experiment/models/${unknown}`), "404 ", unknown);
  }
  write(folders, ["checkpoints/new.sft"]);
  rmSync(path.join(folders.models, "checkpoints/sub"), { recursive: true });
  assert.deepEqual(await get("/models/checkpoints"), ["alias.safetensors", "b.safetensors", "new.sft"]);
});

test("the experimental listing knows folders, sizes and times", async (t) => {
  const { port, folders } = await startServer(t);
  const get = async (target: string): Promise<string> => (await rawRequest(port, "GET", target)).body;
  write(folders, ["t2i_adapter/sub/b.pth", "controlnet/a.bin", "controlnet/notes.txt", "configs/v.yaml"]);
  write(folders, ["controlnet/.hidden.pt", "controlnet/.old/c.pt", "classifiers/plain", "datasets/d.pt"]);
  const files = JSON.parse(await get("/api/experiment/models/controlnet")) as Record<string, unknown>[];
  assert.deepEqual(
    files.map(({ created, ...rest }) => {
      assert.equal(typeof created, "number");
      return rest;
    }),
    [
      { name: "a.bin", pathIndex: 0, modified: 1_600_000_000.5, size: 5 },
      { name: "sub/b.pth", pathIndex: 1, modified: 1_600_000_000.5, size: 5 },
    ],
  );
  assert.equal(await get("/experiment/models/configs"), "[]");
  assert.equal(await get("/experiment/models/classifiers"), "[]");
  assert.match(await get("/experiment/models/datasets"), /"d\.pt"/);
  const listed = JSON.parse(await get("/experiment/models")) as {
    name: string;
    folders: string[];
    extensions: string[];
  }[];
  assert.deepEqual(
    listed.filter(({ name }) =>
      ["controlnet", "configs", "custom_nodes", "datasets", "classifiers", "diffusers"].includes(name),
    ),
    [
      { name: "diffusers", folders: [path.join(folders.models, "diffusers")], extensions: ["folder"] },
      {
        name: "controlnet",
        folders: ["controlnet", "t2i_adapter"].map((name) => path.join(folders.models, name)),
        extensions: [".bin", ".ckpt", ".pkl", ".pt", ".pt2", ".pth", ".safetensors", ".sft"],
      },
      { name: "datasets", folders: [path.join(folders.models, "datasets")], extensions: [] },
      { name: "classifiers", folders: [path.join(folders.models, "classifiers")], extensions: [""] },
    ],
  );
  const paths = JSON.parse(await get("/internal/folder_paths")) as Record<string, string[]>;
  assert.equal(Object.keys(paths).length, 27);
  assert.deepEqual(paths["text_encoders"], [
    path.join(folders.models, "text_encoders"),
    path.join(folders.models, "clip"),
    path.join(folders.output, "clip"),
  ]);
  assert.equal((await rawRequest(port, "GET", "/api/internal/folder_paths")).status, 404);
});
