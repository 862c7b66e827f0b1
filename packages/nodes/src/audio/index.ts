/** Nodes for audio. */
import type { NodeClass } from "@hearth/engine";
import {
  adjustVolumeNode,
  concatAudioNode,
  emptyAudioNode,
  equalizerNode,
  joinAudioNode,
  mergeAudioNode,
  splitAudioNode,
  trimAudioNode,
} from "./edit-nodes.ts";
import {
  loadAudioNode,
  previewAudioNode,
  recordAudioNode,
  saveAudioAdvancedNode,
  saveAudioMp3Node,
  saveAudioNode,
  saveAudioOpusNode,
} from "./file-nodes.ts";

export const audioNodes: NodeClass[] = [
  saveAudioNode,
  saveAudioMp3Node,
  saveAudioOpusNode,
  saveAudioAdvancedNode,
  loadAudioNode,
  previewAudioNode,
  recordAudioNode,
  trimAudioNode,
  splitAudioNode,
  joinAudioNode,
  concatAudioNode,
  mergeAudioNode,
  adjustVolumeNode,
  emptyAudioNode,
  equalizerNode,
];
