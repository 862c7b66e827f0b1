/** Nodes that load, save and show pictures, texts and latents. */
import type { NodeClass } from "@hearth/engine";
import { loadImageMaskNode, loadImageNode, loadImageOutputNode } from "./load-image-nodes.ts";

export const ioNodes: NodeClass[] = [loadImageNode, loadImageMaskNode, loadImageOutputNode];
