/** Nodes that load, save and show pictures, texts and latents. */
import type { NodeClass } from "@hearth/engine";
import { loadLatentNode, saveLatentNode } from "./latent-nodes.ts";
import { loadImageMaskNode, loadImageNode, loadImageOutputNode } from "./load-image-nodes.ts";
import { painterNode } from "./painter-node.ts";
import { saveImageAdvancedNode } from "./save-advanced-node.ts";
import {
  imageCompareNode,
  previewImageNode,
  saveAnimatedPngNode,
  saveAnimatedWebpNode,
  saveImageNode,
} from "./save-image-nodes.ts";
import { saveSvgNode, saveTextNode } from "./text-nodes.ts";

export type { Svg } from "./text-nodes.ts";

export const ioNodes: NodeClass[] = [
  loadImageNode,
  loadImageMaskNode,
  loadImageOutputNode,
  saveImageNode,
  previewImageNode,
  saveAnimatedPngNode,
  saveAnimatedWebpNode,
  saveImageAdvancedNode,
  imageCompareNode,
  painterNode,
  saveTextNode,
  saveSvgNode,
  saveLatentNode,
  loadLatentNode,
];
