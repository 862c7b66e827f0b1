import assert from "node:assert/strict";
import { test } from "node:test";
import { floats, type Image, tensor } from "../sdk/index.ts";
import { testContext } from "../testing/test-context.ts";
import { textOverlay } from "./text-overlay-node.ts";

const [BATCH, HEIGHT, WIDTH] = [2, 100, 200];

async function draw(given: object, channels = 3): Promise<Image> {
  using run = testContext();
  const images = tensor(
    [BATCH, HEIGHT, WIDTH, channels],
    floats(BATCH * HEIGHT * WIDTH * channels).fill(0.5),
  );
  const inputs = {
    images,
    text: "Hi",
    font_size: 20,
    color: "#ff0000",
    position: "top",
    align: "left",
    outline: false,
  };
  const outputs = (await textOverlay.execute({ ...inputs, ...given } as never, run.context)) as Image[];
  return outputs[0] as Image;
}

/** Where pixels were changed: the bounds of the first picture, and how many there are. */
function changed({ data, shape }: Image): {
  left: number;
  right: number;
  top: number;
  bottom: number;
  count: number;
} {
  const found = { left: WIDTH, right: -1, top: HEIGHT, bottom: -1, count: 0 };
  const channels = shape[3] ?? 3;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      if (data[(y * WIDTH + x) * channels] === 0.5) continue;
      found.count += 1;
      found.left = Math.min(found.left, x);
      found.right = Math.max(found.right, x);
      found.top = Math.min(found.top, y);
      found.bottom = Math.max(found.bottom, y);
    }
  }
  return found;
}

test("letters stand where they are wanted, on every picture", async () => {
  const top = await draw({});
  const first = changed(top);
  assert.ok(
    first.count > 50 && first.left < 10 && first.top < 10 && first.bottom < 40,
    JSON.stringify(first),
  );
  const half = top.data.length / 2;
  assert.deepEqual(top.data.slice(0, half), top.data.slice(half));
  const bottom = changed(await draw({ position: "bottom", align: "right" }));
  assert.ok(bottom.left > WIDTH / 2 && bottom.top > HEIGHT / 2, JSON.stringify(bottom));
  const centre = changed(await draw({ align: "center" }));
  assert.ok(Math.abs(centre.left + centre.right - WIDTH) < 12, JSON.stringify(centre));
});

test("an outline is dark and around the letters", async () => {
  const [plain, outlined] = [changed(await draw({})), changed(await draw({ outline: true }))];
  assert.ok(outlined.count > plain.count && outlined.left < plain.left);
});

test("long texts are wrapped, signs of markup are drawn, and nothing is drawn of nothing", async () => {
  const long = changed(await draw({ text: "many words ".repeat(8), font_size: 8 }));
  assert.ok(long.right < WIDTH && long.bottom - long.top > 16, JSON.stringify(long));
  assert.ok(changed(await draw({ text: "<b>&" })).count > 100);
  assert.equal(changed(await draw({ text: " \n" })).count, 0);
});

test("a colour that is none is refused", async () => {
  await assert.rejects(draw({ color: "red" }), /not a colour: red/);
});
