/** Calls one node: its lazy check and its function, once per set of list values (sections 6.4, 6.5 and 6.8). */
import { blockerIn, callArguments, checkArguments, nestedArguments } from "./call-arguments.ts";
import type { GatheredInputs } from "./input-values.ts";
import { CallContext, type RunServices } from "./node-context.ts";
import { ExecutionBlocker, type NodeClass, type NodeReturn } from "./node-class.ts";
import { blockedCall, callResult, type CallResult } from "./output-values.ts";

/** Told of a blocker's text when it reaches the first node; what goes on from there is silent. */
type OnBlocked = (text: string) => void;

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === "function";
}

/** Ids of the sources that the node asks for and that have not run; empty when it can be called. */
export async function neededSources(
  run: RunServices,
  id: string,
  cls: NodeClass,
  inputs: GatheredInputs,
): Promise<string[]> {
  if (cls.checkLazy === undefined || inputs.missing.size === 0) return [];
  const needed = new Set<string>();
  let call = 0;
  for (const given of callArguments(cls, inputs.values)) {
    run.throwIfInterrupted();
    if (blockerIn(cls, given) === undefined) {
      const asked = cls.checkLazy(nestedArguments(cls, given), new CallContext(run, id, call));
      for (const name of isPromise(asked) ? await asked : asked) {
        const source = inputs.missing.get(name);
        if (source !== undefined) needed.add(source);
      }
    }
    call += 1;
  }
  return [...needed];
}

/** Calls the function of a node; the next call begins when the last one has ended. */
export async function callInTurn(
  run: RunServices,
  id: string,
  cls: NodeClass,
  inputs: GatheredInputs,
  onBlocked: OnBlocked,
): Promise<CallResult[]> {
  const results: CallResult[] = [];
  let call = 0;
  for (const given of callArguments(cls, inputs.values)) {
    const returned = callOnce(run, id, cls, inputs, given, call, onBlocked);
    results.push(isPromise(returned) ? callResult(cls.info, await returned) : returned);
    call += 1;
  }
  return results;
}

/** Begins all calls of a concurrent node; gives the results at once when none of them has to wait. */
export function callTogether(
  run: RunServices,
  id: string,
  cls: NodeClass,
  inputs: GatheredInputs,
  onBlocked: OnBlocked,
): CallResult[] | Promise<CallResult[]> {
  const begun: (CallResult | Promise<NodeReturn>)[] = [];
  try {
    for (const given of callArguments(cls, inputs.values)) {
      begun.push(callOnce(run, id, cls, inputs, given, begun.length, onBlocked));
    }
  } catch (error) {
    // The node has failed already; what its other calls come to is nobody's, and must not end the process.
    for (const call of begun) if (isPromise(call)) call.catch(() => undefined);
    throw error;
  }
  if (!begun.some(isPromise)) return begun as CallResult[];
  return Promise.all(
    begun.map(async (returned) => (isPromise(returned) ? callResult(cls.info, await returned) : returned)),
  );
}

function callOnce(
  run: RunServices,
  id: string,
  cls: NodeClass,
  inputs: GatheredInputs,
  given: Record<string, unknown>,
  call: number,
  onBlocked: OnBlocked,
): CallResult | Promise<NodeReturn> {
  run.throwIfInterrupted();
  const blocker = blockerIn(cls, given);
  if (blocker !== undefined) {
    if (blocker.message === undefined) return blockedCall(cls.info, blocker);
    onBlocked(blocker.message);
    return blockedCall(cls.info, new ExecutionBlocker());
  }
  const named = nestedArguments(cls, given);
  checkArguments(cls, named, inputs.unexpected);
  const returned = cls.execute(named, new CallContext(run, id, call));
  return isPromise(returned) ? returned : callResult(cls.info, returned);
}
