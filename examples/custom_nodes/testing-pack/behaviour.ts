/** Change tokens, lazy inputs, expansion in its mixtures, and outputs without anything to show. */
import {
  defineNode,
  float,
  type Image,
  image,
  input,
  isLink,
  isTensor,
  mask,
  NodeError,
  OutputLink,
  toNumber,
} from "@hearth/nodes/sdk";
import { filled, mapImage, meanOf, mixed } from "./images.ts";

const category = "Testing/Nodes";

export const behaviourNodes = [
  defineNode({
    name: "TestLazyMixImages",
    api: "v1",
    displayName: "Lazy Mix Images",
    category,
    inputs: { image1: image({ lazy: true }), image2: image({ lazy: true }), mask: mask() },
    outputs: ["IMAGE"],
    checkLazy(given) {
      const values = given.mask?.data ?? new Float32Array(0);
      const needed: string[] = [];
      if (given.image1 === undefined && values.some((value) => value !== 1)) needed.push("image1");
      if (given.image2 === undefined && values.some((value) => value !== 0)) needed.push("image2");
      return needed;
    },
    execute({ image1, image2, mask: weights }) {
      const first = (image1 ?? image2) as Image;
      return [mixed(first, image2 ?? first, weights)];
    },
  }),
  defineNode({
    name: "TestVariadicAverage",
    api: "v1",
    displayName: "Variadic Average",
    category,
    inputs: { input1: image() },
    outputs: ["IMAGE"],
    acceptsAllInputs: true,
    execute: (given) => [meanOf(Object.values(given).filter(isTensor))],
  }),
  defineNode({
    name: "TestCustomIsChanged",
    api: "v1",
    displayName: "Custom IsChanged",
    category,
    inputs: {
      image: image(),
      should_change: { ...input<boolean>("BOOL", { default: false }), optional: true },
    },
    outputs: ["IMAGE"],
    fingerprint: ({ should_change }) => (should_change === true ? Number.NaN : false),
    execute: (given) => [given.image],
  }),
  defineNode({
    name: "TestIsChangedWithConstants",
    api: "v1",
    displayName: "IsChanged With Constants",
    category,
    inputs: { image: image(), value: float({ default: 1, min: 0, max: 10 }) },
    outputs: ["IMAGE"],
    fingerprint: (given) => given.value ?? null,
    execute: (given) => [mapImage(given.image, (value) => value * given.value)],
  }),
  defineNode({
    name: "TestDynamicDependencyCycle",
    api: "v1",
    displayName: "Dynamic Dependency Cycle",
    category,
    inputs: { input1: input("IMAGE", { rawLink: true }), input2: input("IMAGE", { rawLink: true }) },
    outputs: ["IMAGE"],
    execute(given, context) {
      const graph = context.graph();
      const half = graph.node("StubMask", { value: 0.5, height: 512, width: 512, batch_size: 1 });
      const one = graph.node("TestLazyMixImages", { image1: given.input1, mask: half.out(0) });
      const two = graph.node("TestLazyMixImages", {
        image1: one.out(0),
        image2: given.input2,
        mask: half.out(0),
      });
      one.set("image2", two.out(0));
      return { outputs: [new OutputLink(two.id, 0)], expand: graph.build() };
    },
  }),
  defineNode({
    name: "TestMixedExpansionReturns",
    api: "v1",
    displayName: "Mixed Expansion Returns",
    category,
    inputs: { input1: float({ default: 0.5 }) },
    outputs: ["IMAGE", "IMAGE"],
    execute({ input1 }, context) {
      const white = filled(1, 1, 512, 512);
      const grey = filled(input1, 1, 512, 512);
      if (input1 <= 0.1) return [grey, white];
      if (input1 <= 0.2) return { outputs: [grey, white] };
      const graph = context.graph();
      const weights = graph.node("StubMask", { value: input1, height: 512, width: 512, batch_size: 1 });
      const stub = (content: string) =>
        graph.node("StubImage", { content, height: 512, width: 512, batch_size: 1 });
      const black = stub("BLACK");
      const bright = stub("WHITE");
      const mix = graph.node("TestLazyMixImages", {
        image1: black.out(0),
        image2: bright.out(0),
        mask: weights.out(0),
      });
      return { outputs: [new OutputLink(mix.id, 0), white], expand: graph.build() };
    },
  }),
  defineNode({
    name: "TestSamplingInExpansion",
    api: "v1",
    displayName: "Sampling In Expansion",
    category,
    inputs: {
      model: input("MODEL", { rawLink: true }),
      clip: input("CLIP", { rawLink: true }),
      vae: input("VAE", { rawLink: true }),
      seed: input<number | bigint>("INT", { default: 0, min: 0, max: 2n ** 64n - 1n }),
      steps: input<number>("INT", { default: 20, min: 1, max: 100 }),
      cfg: float({ default: 7, min: 0, max: 30 }),
      prompt: input<string>("STRING", {
        multiline: true,
        default: "a beautiful landscape with mountains and trees",
      }),
      negative_prompt: input<string>("STRING", {
        multiline: true,
        default: "blurry, bad quality, worst quality",
      }),
    },
    outputs: ["IMAGE"],
    execute(given, context) {
      if (!isLink(given.model)) throw new NodeError("model must be linked", "ValueError");
      const graph = context.graph();
      const latent = graph.node("EmptyLatentImage", { width: 512, height: 512, batch_size: 1 });
      const encode = (text: string) => graph.node("CLIPTextEncode", { text, clip: given.clip });
      const sampled = graph.node("KSampler", {
        model: given.model,
        positive: encode(given.prompt).out(0),
        negative: encode(given.negative_prompt).out(0),
        latent_image: latent.out(0),
        seed: given.seed,
        steps: given.steps,
        cfg: given.cfg,
        sampler_name: "euler_ancestral",
        scheduler: "normal",
        denoise: 1,
      });
      const decoded = graph.node("VAEDecode", { samples: sampled.out(0), vae: given.vae });
      return { outputs: [new OutputLink(decoded.id, 0)], expand: graph.build() };
    },
  }),
  defineNode({
    name: "TestOutputNodeWithSocketOutput",
    api: "schema",
    displayName: "Test Output Node With Socket Output",
    category: "experimental",
    inputs: { image: image(), value: float({ default: 1, min: 0, max: 10 }) },
    outputs: ["IMAGE"],
    outputNode: true,
    execute: (given) => [mapImage(given.image, (value) => value * toNumber(given.value))],
  }),
];
