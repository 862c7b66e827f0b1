/** Why a job cannot run, in the form of a run's error message, so that every contract shows it alike. */
import { entriesOf, isJsonObject, type JsonObject, type JsonValue } from "@hearth/protocol";

export interface InvalidAt {
  readonly node?: string | undefined;
  readonly nodeType?: string | undefined;
  /** what kind of fault it is; default `InvalidWorkflow` */
  readonly type?: string | undefined;
}

export class InvalidGraph extends Error {
  /** `{node_id, node_type, exception_type, exception_message}` */
  readonly data: JsonObject;

  constructor(message: string, { node, nodeType, type = "InvalidWorkflow" }: InvalidAt = {}) {
    super(message);
    this.name = "InvalidGraph";
    this.data = {
      node_id: node ?? null,
      node_type: nodeType ?? null,
      exception_type: type,
      exception_message: message,
    };
  }
}

/** From what validating a prompt, or converting a workflow, says. Every node's faults are in the message. */
export function invalidFrom(error: JsonObject, nodeErrors: JsonObject): InvalidGraph {
  const faults = entriesOf(nodeErrors).flatMap(([node, told]) => {
    const { class_type, errors } = told as { class_type?: JsonValue; errors?: JsonValue };
    const nodeType = typeof class_type === "string" ? class_type : "";
    return (Array.isArray(errors) ? errors : []).map((fault) => ({
      node,
      nodeType,
      text: `node ${node} (${nodeType}): ${wordsOf(fault)}`,
    }));
  });
  const [first] = faults;
  if (first === undefined) {
    const info = error["extra_info"];
    const at = isJsonObject(info) ? info : {};
    const text = (key: string): string | undefined =>
      typeof at[key] === "string" && at[key] !== "" ? at[key] : undefined;
    return new InvalidGraph(wordsOf(error), { node: text("node_id"), nodeType: text("class_type") });
  }
  const message = faults.map(({ text }) => text).join("\n");
  return new InvalidGraph(message, { node: first.node, nodeType: first.nodeType });
}

function wordsOf(fault: JsonValue): string {
  if (!isJsonObject(fault)) return "";
  const { message, details } = fault;
  const [said, more] = [String(message ?? ""), String(details ?? "")];
  return more === "" || more === said ? said : `${said}: ${more}`;
}
