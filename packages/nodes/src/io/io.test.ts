import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { checkFiles } from "../files/recorded-files.ts";
import { textChunk } from "../files/png-chunks.ts";
import { encodePng } from "../files/png.ts";
import { goldenSuite } from "../testing/golden-cases.ts";
import { testContext } from "../testing/test-context.ts";
import { ioNodes } from "./index.ts";
import { loadImageNode } from "./load-image-nodes.ts";

/** Lists of SVG texts that were wrapped already. */
const described = new WeakSet();

goldenSuite(ioNodes, {
  check: checkFiles,
  make: { $svg: (texts) => texts },
  describe: (value) => {
    if (!Array.isArray(value) || described.has(value) || !String(value[0]).startsWith("<svg"))
      return undefined;
    described.add(value);
    return { $svg: value };
  },
});

test("LoadImage refuses names that are absent or outside, and pictures of absurd size", async () => {
  using run = testContext();
  const { context } = run;
  const validate = (image: string) =>
    loadImageNode.validate?.(
      { inputs: { image }, inputTypes: {} },
      { folders: context.folders, modelFolders: {} },
    );
  assert.equal(await validate("nope.png"), "Invalid image file: nope.png");
  assert.equal(await validate("../../etc/passwd"), "Invalid image file: ../../etc/passwd");
  const file = await encodePng(
    { width: 1, height: 1, channels: 3, depth: 8, samples: new Uint8Array(3) },
    { level: 1, before: [textChunk("a", "b")] },
  );
  // A header that claims 60,000 × 60,000 pixels; libvips looks at the claim before the checksum.
  file.writeUInt32BE(60_000, 16);
  file.writeUInt32BE(60_000, 20);
  writeFileSync(path.join(context.folders.input, "huge.png"), file);
  assert.equal(await validate("huge.png"), true);
  await assert.rejects(
    async () => loadImageNode.execute({ image: "huge.png" }, context),
    /too large|cannot read/,
  );
});
