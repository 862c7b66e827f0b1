/** Primitives, logic, numbers, and looking at values. */
import type { NodeClass } from "../sdk/index.ts";
import * as inspectNodes from "./inspect-nodes.ts";
import * as choiceNodes from "./logic-nodes.ts";
import * as numberNodes from "./number-nodes.ts";
import * as primitiveNodes from "./primitive-nodes.ts";

export const logicNodes: readonly NodeClass[] = [
  primitiveNodes,
  choiceNodes,
  numberNodes,
  inspectNodes,
].flatMap((group) => Object.values(group));
