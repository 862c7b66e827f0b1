/** Everything that a node pack needs: `import { defineNode, image, int } from "@hearth/nodes/sdk"`. */
export {
  ExecutionBlocker,
  GraphBuilder,
  InterruptedError,
  isLink,
  NodeError,
  OutputLink,
  type DynamicPrompt,
  type NodeClass,
  type NodeContext,
  type NodeReturn,
  type PreviewImage,
} from "@hearth/engine";
export {
  JsonFloat,
  pyFloat,
  pyRepr,
  pyStr,
  toNumber,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";
export * from "./define-node.ts";
export * from "./inputs.ts";
export * from "./tensor.ts";
export { encodePicture, encodePreview } from "../files/preview-image.ts";
