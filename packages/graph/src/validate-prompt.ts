/** Validation of a whole prompt (section 5.1). */
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  objectFrom,
  pyStr,
  type ValidatorOutcome,
} from "@hearth/protocol";
import { PythonError } from "./input-conversion.ts";
import { exceptionDuringValidation } from "./node-errors.ts";
import type { ValidatorCall } from "./own-validator.ts";
import { type ClassLookup, type NodeResult, PromptState } from "./prompt-state.ts";
import { type Request, validateNode, type Validation } from "./validate-node.ts";

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
export async function validatePrompt(
  prompt: JsonObject,
  options: ValidateOptions,
): Promise<ValidationResult> {
  const targets = options.targets == null ? undefined : new Set(options.targets);
  const candidates: string[] = [];
  for (const [id, node] of entriesOf(prompt)) {
    const problem = missingNodeType(id, node, options.classes);
    if (problem !== undefined) return { valid: false, error: problem, nodeErrors: {} };
    const cls = options.classes((node as JsonObject)["class_type"] as string);
    if (cls?.info.output_node && (targets === undefined || targets.has(id))) candidates.push(id);
  }
  if (candidates.length === 0) {
    return { valid: false, error: refusal("prompt_no_outputs", "Prompt has no outputs", ""), nodeErrors: {} };
  }
  return judge(prompt, candidates, options);
}

async function judge(
  prompt: JsonObject,
  candidates: readonly string[],
  options: ValidateOptions,
): Promise<ValidationResult> {
  const state = new PromptState(prompt, options.classes);
  const blame = new BlameTable(state);
  const outputs: string[] = [];
  const lines: string[] = [];
  for (const id of candidates) {
    try {
      const outcome = drive(state, id, options);
      const result = outcome instanceof Promise ? await outcome : outcome;
      if (result.valid) {
        outputs.push(id);
        continue;
      }
    } catch (error) {
      if (!(error instanceof PythonError)) throw error;
      state.blame(id, exceptionDuringValidation(error));
    }
    for (const error of state.results.get(id)?.errors ?? []) lines.push(`${error.message}: ${error.details}`);
    blame.note(id);
  }
  const nodeErrors = blame.table();
  if (outputs.length > 0) return { valid: true, outputs, nodeErrors };
  return {
    valid: false,
    error: refusal("prompt_outputs_failed_validation", "Prompt outputs failed validation", lines.join("\n")),
    nodeErrors,
  };
}

function refusal(type: string, message: string, details: string, extra_info: JsonObject = {}): JsonObject {
  return { type, message, details, extra_info };
}

/** How many pairs of faulty node and output are listed; beyond, a faulty node only names the output that found it. */
const MAX_PAIRS = 100_000;

/** Which nodes are at fault for which outputs. */
class BlameTable {
  readonly #state: PromptState;
  readonly #dependents = new Map<string, string[]>();
  #pairs = 0;

  constructor(state: PromptState) {
    this.#state = state;
  }

  /** Every node with errors of its own is blamed for this output, also nodes that have nothing to do with it. */
  note(output: string): void {
    const { faultyIds } = this.#state;
    const known = this.#dependents.size;
    this.#pairs += faultyIds.length;
    if (this.#pairs <= MAX_PAIRS) for (const dependents of this.#dependents.values()) dependents.push(output);
    for (const id of faultyIds.slice(known)) this.#dependents.set(id, [output]);
  }

  table(): JsonObject {
    return objectFrom(
      [...this.#dependents].map(([id, dependents]) => [
        id,
        {
          errors: this.#state.faulty.get(id)?.errors ?? [],
          dependent_outputs: dependents,
          class_type: this.#state.node(id)["class_type"] ?? null,
        },
      ]),
    );
  }
}

function missingNodeType(id: string, node: JsonValue, classes: ClassLookup): JsonObject | undefined {
  const object = isJsonObject(node) ? node : {};
  const meta = object["_meta"];
  const title = isJsonObject(meta) ? meta["title"] : undefined;
  const type = object["class_type"];
  const report = (message: string, shownTitle: JsonValue): JsonObject =>
    refusal("missing_node_type", message, `Node ID '#${id}'`, {
      node_id: id,
      class_type: type ?? null,
      node_title: shownTitle,
    });
  if (type === undefined) {
    const name = title == null ? `ID #${id}` : pyStr(title);
    return report(
      `Node '${name}' has no class_type. The workflow may be corrupted or a custom node is missing.`,
      title ?? null,
    );
  }
  if (typeof type === "string" && classes(type) !== undefined) return undefined;
  const shown = title ?? type;
  return report(`Node '${pyStr(shown)}' not found. The custom node may not be installed.`, shown);
}

/**
 * Validates a node and its sources on a stack of its own; waits only where a validator must be asked.
 * @throws PythonError when the node itself could not be validated
 */
function drive(state: PromptState, id: string, options: ValidateOptions): NodeResult | Promise<NodeResult> {
  const run = new Run(state, id);
  const first = run.go();
  return "valid" in first ? first : answerValidators(run, first, options);
}

async function answerValidators(
  run: Run,
  first: ValidatorCall,
  options: ValidateOptions,
): Promise<NodeResult> {
  for (let call = first; ;) {
    const { className, inputs, inputTypes } = call;
    const next = run.go(await options.runValidator(className, { inputs, inputTypes }));
    if ("valid" in next) return next;
    call = next;
  }
}

/** Nodes that wait for each other, the one that goes on now on top. */
class Run {
  readonly #state: PromptState;
  readonly #stack: Validation[] = [];
  readonly #root: string;

  constructor(state: PromptState, root: string) {
    this.#state = state;
    this.#root = root;
  }

  /** Goes on until the first node is done, or a validator must be asked; then `outcome` is its answer. */
  go(outcome?: ValidatorOutcome): NodeResult | ValidatorCall {
    const stack = this.#stack;
    let answer: NodeResult | ValidatorOutcome | undefined = outcome ?? this.#begin(this.#root);
    let thrown: PythonError | undefined;
    for (;;) {
      const top = stack.at(-1);
      if (top === undefined) {
        if (thrown !== undefined) throw thrown;
        return answer as NodeResult;
      }
      let turn: IteratorResult<Request, NodeResult>;
      try {
        turn = thrown === undefined ? top.next(answer as NodeResult) : top.throw(thrown);
        thrown = undefined;
      } catch (error) {
        if (!(error instanceof PythonError)) throw error;
        stack.pop();
        thrown = error;
        continue;
      }
      if (turn.done) {
        stack.pop();
        answer = turn.value;
      } else if ("validator" in turn.value) return turn.value.validator;
      else answer = this.#begin(turn.value.node);
    }
  }

  /** The result of a node if there is one; else its validation is put on the stack. */
  #begin(id: string): NodeResult | undefined {
    if (this.#state.isOnPath(id)) return this.#state.closeCycle(id);
    const known = this.#state.results.get(id);
    if (known === undefined) this.#stack.push(validateNode(this.#state, id));
    return known;
  }
}
