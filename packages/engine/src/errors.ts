/** Errors of the engine itself; what nodes throw stays their own (see `NodeError`). */

/** A prompt or an expansion names a class that is not registered. */
export class UnknownClassError extends Error {
  readonly code = "unknown_class";
  readonly nodeId: string;
  constructor(className: string, nodeId: string) {
    super(`Node ${nodeId} is of class ${className}, which is not registered`);
    this.name = "UnknownClassError";
    this.nodeId = nodeId;
  }
}

/** A link leads to a node that is not in the graph. `nodeId` is the node that holds the link. */
export class MissingNodeError extends Error {
  readonly code = "missing_node";
  readonly nodeId: string;
  constructor(missing: string, nodeId: string) {
    super(`Node ${nodeId} is linked to node ${missing}, which does not exist`);
    this.name = "MissingNodeError";
    this.nodeId = nodeId;
  }
}

/** Two nodes of the graph have the same id. */
export class DuplicateNodeError extends Error {
  readonly code = "duplicate_node";
  constructor(id: string) {
    super(
      `Attempt to add duplicate node ${id}. Ensure node ids are unique and deterministic or use GraphBuilder.`,
    );
    this.name = "DuplicateNodeError";
  }
}

/** Nodes that appeared during the run wait for each other. */
export class DependencyCycleError extends Error {
  readonly code = "dependency_cycle";
  readonly nodeIds: readonly string[];
  constructor(nodeIds: readonly string[]) {
    super("Dependency cycle detected");
    this.name = "DependencyCycleError";
    this.nodeIds = nodeIds;
  }
}

/** The engine runs one prompt at a time. */
export class EngineBusyError extends Error {
  readonly code = "engine_busy";
  constructor(promptId: string) {
    super(`the engine still runs prompt ${promptId}`);
    this.name = "EngineBusyError";
  }
}
