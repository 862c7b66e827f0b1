/** The thread's side of `ThreadCalls`. */
import { parentPort } from "node:worker_threads";
import { AssetError } from "../errors.ts";
import type { AnswerMessage, CallMessage, FailureMessage } from "./calls.ts";

/** Methods by name; each may answer at once or later. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Answers the calls of the thread that started this one. */
export function answerCalls(methods: Methods): void {
  const port = parentPort;
  if (port === null) throw new Error("this module runs in a thread of its own");
  const say = (message: AnswerMessage): void => port.postMessage(message);
  port.on("message", async ({ call, method, args }: CallMessage) => {
    try {
      const found = methods[method];
      if (found === undefined) throw new Error(`the thread has no method ${method}`);
      say({ call, value: await found(...(args as never[])) });
    } catch (error) {
      say({ call, failure: failureOf(error) });
    }
  });
}

/** Tells the thread that started this one. */
export function announce(event: string, data: unknown): void {
  parentPort?.postMessage({ event, data } satisfies AnswerMessage);
}

function failureOf(error: unknown): FailureMessage {
  const { name, message, stack, code } = error as NodeJS.ErrnoException;
  const asset =
    error instanceof AssetError
      ? { code: error.code, status: error.status, details: error.details }
      : undefined;
  return { name, message, stack, systemCode: code, asset };
}
