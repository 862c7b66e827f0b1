/** Latents without a model: empty ones, shape, arithmetic, batches. */
import type { NodeClass } from "../sdk/index.ts";
import * as arithmeticNodes from "./arithmetic-nodes.ts";
import * as axisNodes from "./axis-nodes.ts";
import * as batchNodes from "./batch-nodes.ts";
import * as compositeNodes from "./composite-nodes.ts";
import * as emptyImageNodes from "./empty-image-nodes.ts";
import * as emptyVideoNodes from "./empty-video-nodes.ts";
import * as nestedNodes from "./nested-nodes.ts";
import * as operationNodes from "./operation-nodes.ts";
import * as transformNodes from "./transform-nodes.ts";

export { commonUpscale, type LatentResampling, resizePlanes } from "./resize.ts";
export { NestedTensor } from "./nested-tensor.ts";

export const latentNodes: readonly NodeClass[] = [
  emptyImageNodes,
  emptyVideoNodes,
  transformNodes,
  compositeNodes,
  arithmeticNodes,
  axisNodes,
  batchNodes,
  nestedNodes,
  operationNodes,
].flatMap((group) => Object.values(group));
