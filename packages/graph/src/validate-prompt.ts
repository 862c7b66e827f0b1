/** Validation of a whole prompt (section 5.1). */
import { entriesOf, isJsonObject, type JsonObject, type JsonValue, pyStr, type ValidatorOutcome } from "@hearth/protocol";
import { exceptionDuringValidation, type NodeError } from "./node-errors.ts";
import {
  type ClassLookup,
  type NodeResult,
  PromptState,
  thrown,
  validateNode,
  type Validation,
  type ValidatorCall,
} from "./validate-node.ts";

export interface ValidateOptions {
  readonly classes: ClassLookup;
  /** runs a class's own validator, wherever that class's code is */
  readonly runValidator: (
    className: string,
    input: { inputs: Record<string, JsonValue>; inputTypes: Record<string, JsonValue> },
  ) => Promise<ValidatorOutcome>;
  /** only these output nodes */
  readonly targets?: readonly string[] | null;
}

export type ValidationResult =
  | { readonly valid: true; readonly outputs: string[]; readonly nodeErrors: JsonObject }
  | { readonly valid: false; readonly error: JsonObject; readonly nodeErrors: JsonObject };

/**
 * Validates a prompt and converts its constants in place. At least one output must be sound; the others are dropped
 * and reported in `nodeErrors`.
 */
export async function validatePrompt(prompt: JsonObject, options: ValidateOptions): Promise<ValidationResult> {
  const candidates: string[] = [];
  for (const [id, node] of entriesOf(prompt)) {
    const problem = missingNodeType(id, node, options.classes);
    if (problem !== undefined) return { valid: false, error: problem, nodeErrors: {} };
    const cls = options.classes((node as JsonObject)["class_type"] as string);
    const wanted = options.targets == null || options.targets.includes(id);
    if (cls?.info.output_node && wanted) candidates.push(id);
  }
  if (candidates.length === 0) {
    return {
      valid: false,
      error: { type: "prompt_no_outputs", message: "Prompt has no outputs", details: "", extra_info: {} },
      nodeErrors: {},
    };
  }
  return judge(prompt, candidates, options);
}

async function judge(
  prompt: JsonObject,
  candidates: readonly string[],
  options: ValidateOptions,
): Promise<ValidationResult> {
  const state = new PromptState(prompt, options.classes);
  const outputs: string[] = [];
  const lines: string[] = [];
  const nodeErrors: JsonObject = {};
  for (const id of candidates) {
    let result: NodeResult;
    try {
      const outcome = drive(state, id, options);
      result = outcome instanceof Promise ? await outcome : outcome;
    } catch (error) {
      result = { valid: false, errors: [exceptionDuringValidation(thrown(error))] };
      state.results.set(id, result);
    }
    if (result.valid) {
      outputs.push(id);
      continue;
    }
    for (const error of state.results.get(id)?.errors ?? []) lines.push(`${error.message}: ${error.details}`);
    noteErrors(state, nodeErrors, id);
  }
  if (outputs.length > 0) return { valid: true, outputs, nodeErrors };
  return {
    valid: false,
    error: {
      type: "prompt_outputs_failed_validation",
      message: "Prompt outputs failed validation",
      details: lines.join("\n"),
      extra_info: {},
    },
    nodeErrors,
  };
}

/** Every node with errors of its own is blamed for this output, also nodes that have nothing to do with it. */
function noteErrors(state: PromptState, nodeErrors: JsonObject, output: string): void {
  for (const [id, result] of state.results) {
    if (result.valid || result.errors.length === 0) continue;
    const entry = (nodeErrors[id] ??= {
      errors: result.errors as NodeError[],
      dependent_outputs: [],
      class_type: state.node(id)["class_type"] as string,
    }) as { dependent_outputs: string[] };
    entry.dependent_outputs.push(output);
  }
}

function missingNodeType(id: string, node: JsonValue, classes: ClassLookup): JsonObject | undefined {
  const object = isJsonObject(node) ? node : {};
  const meta = object["_meta"];
  const title = isJsonObject(meta) ? meta["title"] : undefined;
  const type = object["class_type"];
  const report = (message: string, shownTitle: JsonValue): JsonObject => ({
    type: "missing_node_type",
    message,
    details: `Node ID '#${id}'`,
    extra_info: { node_id: id, class_type: type ?? null, node_title: shownTitle },
  });
  if (type === undefined) {
    const name = title === undefined ? `ID #${id}` : pyStr(title);
    return report(
      `Node '${name}' has no class_type. The workflow may be corrupted or a custom node is missing.`,
      title ?? null,
    );
  }
  if (typeof type === "string" && classes(type) !== undefined) return undefined;
  const shown = title ?? type;
  return report(`Node '${pyStr(shown)}' not found. The custom node may not be installed.`, shown);
}

/** Runs the generators of a node and its sources on a stack of its own; waits only when a validator must be asked. */
function drive(state: PromptState, id: string, options: ValidateOptions): NodeResult | Promise<NodeResult> {
  const stack: Validation[] = [validateNode(state, id)];
  let send: () => IteratorResult<unknown, NodeResult> = () => (stack.at(-1) as Validation).next(undefined as never);
  const step = (): NodeResult | ValidatorCall => {
    for (;;) {
      let turn: IteratorResult<unknown, NodeResult>;
      try {
        turn = send();
      } catch (error) {
        stack.pop();
        const below = stack.at(-1);
        if (below === undefined) throw error;
        send = () => below.throw(error);
        continue;
      }
      if (turn.done) {
        stack.pop();
        const below = stack.at(-1);
        const { value } = turn;
        if (below === undefined) return value;
        send = () => below.next(value);
        continue;
      }
      const request = turn.value as { node: string } | { validator: ValidatorCall };
      if ("validator" in request) return request.validator;
      const next = validateNode(state, request.node);
      stack.push(next);
      send = () => next.next(undefined as never);
    }
  };
  const first = step();
  if ("valid" in first) return first;
  return (async () => {
    for (let call: NodeResult | ValidatorCall = first; ; ) {
      if ("valid" in call) return call;
      const current = stack.at(-1) as Validation;
      const outcome = await options.runValidator(call.className, { inputs: call.inputs, inputTypes: call.inputTypes });
      send = () => current.next(outcome);
      call = step();
    }
  })();
}
