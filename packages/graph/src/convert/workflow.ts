/** The parts of an editor workflow that decide its prompt, in one shape for all versions of the file. */
import type { JsonObject, JsonValue } from "@hearth/protocol";
import type { SlotType } from "../types.ts";

/** How a node takes part: others (0, "on event", …) count as active. */
export const MODE_MUTED = 2;
export const MODE_BYPASSED = 4;

/** An input slot as the file lists it. */
export interface InputSlot {
  readonly name: string;
  readonly type: SlotType;
  /** id of the link that ends here */
  readonly link: string | undefined;
  /** name of the widget whose place the slot takes */
  readonly widget: string | undefined;
}

export interface OutputSlot {
  readonly name: string;
  readonly type: SlotType;
}

export interface WorkflowNode {
  readonly id: string;
  /** a node class, a class that only the editor has, or the id of a subgraph definition */
  readonly type: string;
  readonly title: string | undefined;
  readonly mode: number;
  readonly inputs: readonly InputSlot[];
  readonly outputs: readonly OutputSlot[];
  /** `widgets_values` */
  readonly values: JsonValue | undefined;
  readonly properties: JsonObject;
  /** values that win over `values`, by widget name; a group node gives its inner nodes some */
  readonly imposed?: ReadonlyMap<string, JsonValue>;
}

export interface Link {
  readonly origin: string;
  readonly originSlot: number;
  readonly target: string;
  readonly targetSlot: number;
}

/** An input of a subgraph, seen from outside. */
export interface Port {
  readonly name: string;
  /** links that start here, in the order of the file */
  readonly links: readonly string[];
}

/** The root graph, or what a subgraph definition holds. */
export interface Graph {
  /** empty for the root */
  readonly name: string;
  readonly nodes: ReadonlyMap<string, WorkflowNode>;
  readonly links: ReadonlyMap<string, Link>;
  /** input ports in slot order; none for the root */
  readonly inputs: readonly Port[];
  /** the node that links from the inputs start at */
  readonly inputNode: string;
  /** output port → the link that ends there */
  readonly outputLinks: ReadonlyMap<number, Link>;
}

export interface Workflow {
  readonly root: Graph;
  /** subgraph definitions by id, and group nodes by the type that `expandGroupNodes` gave them */
  readonly definitions: ReadonlyMap<string, Graph>;
}

export type EditorRole = "passes on" | "holds a value" | "shows text" | "sets a name" | "gets by name";

/** Classes that exist in the editor alone, and what becomes of them. */
export const EDITOR_CLASSES: ReadonlyMap<string, EditorRole> = new Map<string, EditorRole>([
  ["Reroute", "passes on"],
  ["PrimitiveNode", "holds a value"],
  ["Note", "shows text"],
  ["MarkdownNote", "shows text"],
]);

/** Classes that a common pack (KJNodes) adds to the editor alone: links by name. The bare editor does not know them. */
export const NAMING_CLASSES: ReadonlyMap<string, EditorRole> = new Map<string, EditorRole>([
  ["SetNode", "sets a name"],
  ["GetNode", "gets by name"],
]);
