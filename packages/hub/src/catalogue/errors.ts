/** What goes wrong between a catalogue workflow and its prompt. */

/** No workflow of this id is in the catalogue. */
export class UnknownWorkflowError extends Error {
  readonly workflowId: string;

  constructor(workflowId: string) {
    super(`there is no workflow '${workflowId}'`);
    this.name = "UnknownWorkflowError";
    this.workflowId = workflowId;
  }
}

/** The files of a workflow are wrong: its author has to act. */
export class WorkflowError extends Error {
  constructor(workflowId: string, reason: string) {
    super(`workflow '${workflowId}': ${reason}`);
    this.name = "WorkflowError";
  }
}

/** The given parameters do not fit the manifest. `faults` has one sentence for each. */
export class ParamsError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("; "));
    this.name = "ParamsError";
    this.faults = faults;
  }
}
