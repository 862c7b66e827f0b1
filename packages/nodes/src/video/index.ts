/** Nodes for video. */
import type { NodeClass } from "@hearth/engine";
import { videoFrameSampleNode, videoRandomTemporalCropNode, videoTemporalCropNode } from "./frame-nodes.ts";
import { saveVideoNode } from "./save-video-node.ts";
import {
  createVideoNode,
  getVideoComponentsNode,
  loadVideoNode,
  saveWebmNode,
  videoSliceNode,
} from "./video-nodes.ts";

export { Video, type VideoComponents } from "./video.ts";

export const videoNodes: NodeClass[] = [
  saveWebmNode,
  saveVideoNode,
  createVideoNode,
  getVideoComponentsNode,
  loadVideoNode,
  videoSliceNode,
  videoFrameSampleNode,
  videoTemporalCropNode,
  videoRandomTemporalCropNode,
];
