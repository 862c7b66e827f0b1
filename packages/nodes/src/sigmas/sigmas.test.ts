import assert from "node:assert/strict";
import { test } from "node:test";
import { tensor } from "../sdk/index.ts";
import { seededNoise } from "./noise.ts";
import { normalQuantile } from "./normal-quantile.ts";
import { karras, logitNormal } from "./schedules.ts";
import { tableSchedule } from "./tables.ts";

const close = (a: number, b: number, within: number): void =>
  assert.ok(Math.abs(a - b) <= within, `${a} is not ${b}`);

test("quantiles of the normal distribution", () => {
  close(normalQuantile(0.975), 1.959963984540054, 1e-15);
  close(normalQuantile(0.001), -3.090232306167813, 1e-15);
  close(normalQuantile(1e-10), -6.361340902404056, 1e-14);
});

test("schedules fall to 0", () => {
  for (const sigmas of [
    karras(7, 14.6, 0.03, 7),
    logitNormal(9, 1 << 20, 0, 1.75),
    tableSchedule([4, 2, 1], 5, 1),
  ]) {
    assert.equal(sigmas.at(-1), 0);
    sigmas.slice(1).forEach((sigma, index) => assert.ok(sigma < (sigmas[index] ?? 0)));
  }
  assert.deepEqual(tableSchedule([4, 2, 1], 2, 0), []);
});

test("items taken out of a batch keep their noise, and only 32 bits of a seed count", () => {
  const samples = tensor([3, 4, 2, 2]);
  const noise = seededNoise(7);
  const indexed = noise.generate({ samples, batch_index: [2, 0, 2] });
  const single = noise.generate({ samples: tensor([1, 4, 2, 2]) });
  assert.deepEqual(indexed.data.slice(16, 32), single.data);
  assert.deepEqual(indexed.data.slice(0, 16), indexed.data.slice(32));
  assert.deepEqual(seededNoise(7n + 2n ** 40n).generate({ samples }), noise.generate({ samples }));
});
