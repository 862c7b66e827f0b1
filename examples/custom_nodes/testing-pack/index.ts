/**
 * The node classes that ComfyUI servers are tested with, written with the public SDK alone: lists, loops, lazy inputs,
 * expansion, blockers, validators of every kind, and nodes that run beside each other.
 */
import type { NodeClass } from "@hearth/nodes/sdk";
import { concurrentNodes } from "./concurrent.ts";
import { flowNodes } from "./flow.ts";
import { listNodes } from "./lists.ts";
import { logicNodes } from "./logic.ts";
import { behaviourNodes } from "./behaviour.ts";
import { stubNodes } from "./stubs.ts";
import { validatorNodes } from "./validators.ts";

export const nodes: NodeClass[] = [
  ...stubNodes,
  ...logicNodes,
  ...listNodes,
  ...flowNodes,
  ...validatorNodes,
  ...behaviourNodes,
  ...concurrentNodes,
];
