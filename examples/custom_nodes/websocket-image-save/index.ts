/** `SaveImageWebsocket`: hands each picture to the client as a PNG on its socket, and writes nothing to disk. */
import { defineNode, encodePicture, image, type NodeClass } from "@hearth/nodes/sdk";

export const nodes: NodeClass[] = [
  defineNode({
    name: "SaveImageWebsocket",
    api: "v1",
    category: "api/image",
    pythonModule: "custom_nodes.websocket_image_save",
    inputs: { images: image() },
    outputs: [],
    outputNode: true,
    // The pictures go to whoever asks now, so a result from before is of no use.
    fingerprint: () => Date.now(),
    async execute({ images }, context) {
      const [batch = 0] = images.shape;
      const bar = context.progressBar(batch);
      for (let index = 0; index < batch; index += 1) {
        bar.update(index, batch, await encodePicture(images, index));
      }
      return [];
    },
  }),
];
