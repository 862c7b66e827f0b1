/** Conditioning without a model: area, time, mixing, options. */
import type { NodeClass } from "../sdk/index.ts";
import * as areaNodes from "./area-nodes.ts";
import * as mixNodes from "./mix-nodes.ts";
import * as optionNodes from "./option-nodes.ts";
import * as propertyNodes from "./property-nodes.ts";

export {
  appendOption,
  type ClipVisionOutput,
  clipVisionOutput,
  type Conditioning,
  conditioning,
  type ConditioningOptions,
  withOptions,
} from "./conditioning.ts";

export const conditioningNodes: readonly NodeClass[] = [
  areaNodes,
  mixNodes,
  optionNodes,
  propertyNodes,
].flatMap((group) => Object.values(group));
