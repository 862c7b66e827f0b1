/** Mask nodes. */
import type { NodeClass } from "@hearth/engine";
import { batchMasksNode } from "../image/batch-nodes.ts";
import * as mask from "./mask-nodes.ts";

export const maskNodes: NodeClass[] = [
  batchMasksNode,
  mask.maskToImage,
  mask.imageToMask,
  mask.imageColorToMask,
  mask.solidMask,
  mask.invertMask,
  mask.cropMask,
  mask.maskComposite,
  mask.featherMask,
  mask.growMaskNode,
  mask.thresholdMask,
  mask.maskPreview,
];
