/** The name of the worker whose process has this id: `<name>:<process>`. */
export function workerNameOf(workerId: string): string {
  return workerId.split(":", 1)[0] ?? workerId;
}
