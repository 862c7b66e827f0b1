/**
 * The words of the access table. A row is one operation of `/openapi.json` and says who may use it; the test beside it
 * sends the row's request with every kind of key.
 */
import type { Things } from "./things.ts";

export type Scope = "read" | "run" | "admin";

/**
 * Who is asked for a key:
 * - `everybody`: also programs of this machine (Studio, Control)
 * - `elsewhere`: only who is not on this machine (ComfyUI's contract, what operators read)
 * - `nobody`: open to all
 * - `signature`: the address itself is the proof
 */
export type Asked = "everybody" | "elsewhere" | "nobody" | "signature";

/** Values of the parameters of a path. */
export type PathValues = Readonly<Record<string, string>>;

/** What becomes of a thing of one owner when the key of another one asks for it. */
export interface Foreign {
  /**
   * - `404`: as if the thing were not there
   * - `hidden`: an answer without it, while its owner's has it
   * - `untouched`: an answer, and the thing is as before, while the same request of its owner changes it
   */
  readonly gets: "404" | "hidden" | "untouched";
  readonly path?: (things: Things) => PathValues;
  readonly body?: (things: Things) => unknown;
  /** of `hidden`: what stands in the owner's answer */
  readonly text?: (things: Things) => string;
  /** where its owner sees the state of the thing; given where the request would change something */
  readonly state?: (things: Things) => string;
}

export interface Row {
  /** `METHOD /path/{parameter}`, as `/openapi.json` writes it */
  readonly operation: string;
  readonly asked: Asked;
  /** what a key must be allowed, where one is asked for */
  readonly scope: Scope;
  /** default of every parameter: the name of nothing */
  readonly path?: PathValues;
  readonly query?: string;
  /** object: sent as JSON; function: made anew for each request, since a form is read once */
  readonly body?: object | (() => FormData);
  /** why the request does no harm although its key may use the operation */
  readonly harmless?: string;
  /** why the request is never sent with a key that may use the operation, and which test does it instead */
  readonly notSent?: string;
  /** for operations on things of one owner */
  readonly foreign?: Foreign;
}

/** A row without what its contract says of all its rows. */
export type ContractRow = Omit<Row, "asked" | "operation" | "scope">;

/** Rows of one contract: `METHOD /path`, scope, and what else there is to say. */
export function rowsOf(
  asked: Asked,
  rows: readonly (readonly [operation: string, scope: Scope, more?: ContractRow])[],
): Row[] {
  return rows.map(([operation, scope, more = {}]) => ({ operation, asked, scope, ...more }));
}

/** A thing that one may look at: 404 for others. */
export function own(path: (things: Things) => PathValues): ContractRow {
  return { foreign: { gets: "404", path } };
}

/** A list: others do not see in it what the owner sees. */
export function hidden(text: (things: Things) => string): ContractRow {
  return { foreign: { gets: "hidden", text } };
}
