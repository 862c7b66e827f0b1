/** The built-in node classes. Packs import the SDK alone: `@hearth/nodes/sdk`. */
import type { NodeClass } from "@hearth/engine";
import { audioNodes } from "./audio/index.ts";
import { conditioningNodes } from "./conditioning/index.ts";
import { imageNodes } from "./image/index.ts";
import { ioNodes } from "./io/index.ts";
import { latentNodes } from "./latent/index.ts";
import { logicNodes } from "./logic/index.ts";
import { maskNodes } from "./mask/index.ts";
import { sigmaNodes } from "./sigmas/index.ts";
import { textNodes } from "./text/index.ts";
import { videoNodes } from "./video/index.ts";

/** Every class that needs no model. */
export const builtinNodes: readonly NodeClass[] = [
  ...imageNodes,
  ...maskNodes,
  ...ioNodes,
  ...latentNodes,
  ...conditioningNodes,
  ...sigmaNodes,
  ...textNodes,
  ...logicNodes,
  ...audioNodes,
  ...videoNodes,
];

export * from "./sdk/index.ts";
