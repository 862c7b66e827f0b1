/** What an operator is told when a worker cannot be changed as asked. */

export class FleetError extends Error {
  /** HTTP status */
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.name = "FleetError";
    this.statusCode = statusCode;
  }
}

export function unknownWorker(name: string): FleetError {
  return new FleetError(404, `there is no worker '${name}'`);
}
