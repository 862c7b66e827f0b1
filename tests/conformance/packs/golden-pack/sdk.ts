/** The parts of Hearth that this pack uses. */
import { parseJson, type JsonValue } from "@hearth/protocol";

export {
  type Audio,
  defineNode,
  input,
  isTensor,
  string,
  tensor,
  type NodeClass,
  type Tensor,
} from "@hearth/nodes/sdk";
export {
  JsonFloat,
  isJsonObject,
  isNumeric,
  printJson,
  type JsonObject,
  type JsonValue,
} from "@hearth/protocol";
/** What the recordings call "nested": several tensors as one latent value. */
export { NestedTensor } from "../../../../packages/nodes/src/latent/nested-tensor.ts";
export { Video, type FrameRate } from "../../../../packages/nodes/src/video/video.ts";
export { generate, type GeneratorSpec } from "../../../../packages/nodes/src/testing/generator.ts";

/** @throws JsonSyntaxError */
export function parseDescription(text: string): JsonValue {
  return parseJson(text);
}
