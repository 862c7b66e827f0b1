/** Several tensors that travel as one latent value: the video and the audio of one clip. */
import type { Tensor } from "../sdk/index.ts";

export class NestedTensor {
  readonly parts: readonly Tensor[];
  constructor(parts: readonly Tensor[]) {
    this.parts = parts;
  }
}
