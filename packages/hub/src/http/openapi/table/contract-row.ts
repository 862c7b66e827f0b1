/** Rows of Studio and Control: contracts that want a key from everybody, and word errors in a shape of their own. */
import type { TSchema } from "typebox";
import type { Scope } from "../../../auth/identity.ts";
import { type Answer, inQuery, type Operation, type Parameter } from "../operation.ts";
import { ref } from "../schemas/ref.ts";

/** A row without what all rows of its contract have. */
export interface ContractRow extends Omit<Operation, "answers" | "twin" | "open"> {
  /** what the key must be allowed */
  readonly scope: Scope;
  /** answers when all went well */
  readonly answers: Readonly<Record<number, Answer>>;
  /** further refusals: status → when */
  readonly refusals?: Readonly<Record<number, string>>;
}

export interface ContractWords {
  /** the named schema of its errors */
  readonly problem: "StudioProblem" | "ControlProblem";
  /** the status for a request that is wrong in itself */
  readonly invalid: 400 | 422;
}

const SCHEMES = ["key", "bearer", "basic", "token"];

/** Makes rows whole: their scope, their security, and the refusals that are the same everywhere. */
export function contractRows(words: ContractWords, rows: readonly ContractRow[]): Operation[] {
  return rows.map((row) => {
    const { scope, refusals = {}, description, answers, extra, ...rest } = row;
    return {
      ...rest,
      description: `Needs a key with the scope \`${scope}\`.${description === undefined ? "" : ` ${description}`}`,
      answers: { ...answers, ...refusalAnswers(words, rest, refusals) },
      extra: { security: SCHEMES.map((name) => ({ [name]: [] })), ...extra },
    };
  });
}

function refusalAnswers(
  words: ContractWords,
  { body, parameters }: Pick<Operation, "body" | "parameters">,
  refusals: Readonly<Record<number, string>>,
): Record<number, Answer> {
  const takesInput = body !== undefined || parameters?.some((parameter) => parameter.in === "query");
  const texts: Record<number, string> = {
    401: "There is no key, or a wrong one.",
    403: "The key lacks the scope. (A page of another site gets this status without a body.)",
    429: "Too many tries; `Retry-After` says how many seconds to wait.",
    ...(takesInput === true ? { [words.invalid]: "The request is wrong; the text names what." } : {}),
    ...refusals,
  };
  return Object.fromEntries(
    Object.entries(texts).map(([status, text]) => [status, problemAnswer(words.problem, text)]),
  );
}

/** An error in the contract's shape. */
export function problemAnswer(problem: ContractWords["problem"], description: string): Answer {
  return { description, content: { "application/json": ref(problem) } };
}

/** The parameters that a schema of a query checks; `texts`: name → what it means. */
export function queryOf(
  schema: {
    readonly properties: Readonly<Record<string, TSchema>>;
    readonly required?: readonly string[] | undefined;
  },
  texts: Readonly<Record<string, string>>,
): Parameter[] {
  return Object.entries(schema.properties).map(([name, field]) => ({
    ...inQuery(name, texts[name] ?? "", field),
    required: schema.required?.includes(name) === true,
  }));
}
