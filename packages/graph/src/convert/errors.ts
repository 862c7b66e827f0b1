/** What keeps a workflow from becoming a prompt, in words that name the node. */

/** One reason, and the node that it is about. */
export interface ConvertProblem {
  /** id as the prompt would name it (`7:102` inside a subgraph); absent when the workflow as a whole is wrong */
  readonly nodeId?: string;
  /** as the file gives it; absent where the node has the title of its class */
  readonly title?: string;
  /** class, or the id of a subgraph definition */
  readonly classType?: string;
  readonly reason: string;
}

/** The workflow cannot be converted. `message` lists all problems, one a line. */
export class ConvertError extends Error {
  readonly problems: readonly ConvertProblem[];

  constructor(problems: readonly ConvertProblem[]) {
    super(problems.map(problemText).join("\n"));
    this.name = "ConvertError";
    this.problems = problems;
  }
}

/** `node 7:102 'My sampler' (KSampler): the reason`. */
export function problemText({ nodeId, title, classType, reason }: ConvertProblem): string {
  if (nodeId === undefined) return reason;
  const name = title === undefined ? "" : ` '${title}'`;
  const type = classType === undefined ? "" : ` (${classType})`;
  return `node ${nodeId}${name}${type}: ${reason}`;
}

/** A `ConvertError` about the workflow as a whole. */
export function workflowError(reason: string): ConvertError {
  return new ConvertError([{ reason }]);
}
