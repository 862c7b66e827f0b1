/** Errors of the job core: a code each, and an HTTP status where one applies. */

export class JobError extends Error {
  readonly code: string;
  readonly status: number | undefined;
  constructor(code: string, message: string, status?: number) {
    super(message);
    this.name = new.target.name;
    this.code = code;
    this.status = status;
  }
}

/** Another prompt runs or waits under this id. */
export class PromptIdInUseError extends JobError {
  constructor(promptId: string) {
    super("prompt_id_in_use", `prompt id ${promptId} belongs to another prompt that has not ended`, 409);
  }
}

/** Who chooses what runs next named a job that it was not shown. */
export class NoSuchHeadError extends JobError {
  constructor(jobId: string) {
    super("no_such_head", `job ${jobId} is none of those that may run next`);
  }
}

export class IllegalTransitionError extends JobError {
  constructor(from: string, to: string) {
    super("illegal_transition", `a job does not go from ${from} to ${to}`);
  }
}

/** Another hub holds the database of this base directory. */
export class DatabaseBusyError extends JobError {
  constructor(file: string) {
    super("database_busy", `another hub is using ${file}`);
  }
}

/** The database was written by a newer Hearth. */
export class NewerSchemaError extends JobError {
  constructor(found: number, known: number) {
    super("newer_schema", `the database has schema ${found}, this version knows up to ${known}`);
  }
}
