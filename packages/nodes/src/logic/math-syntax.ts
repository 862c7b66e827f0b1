/**
 * Parses arithmetic expressions: the operators of Python with their precedence.
 *
 * From weak to strong: `a if c else b` · `or` · `and` · `not` · comparisons (chained) · `|` · `^` · `&` · shifts ·
 * `+ -` · `* / // %` · unary `+ - ~` · `**` (right to left) · call, index, attribute.
 */
import { NodeError } from "../sdk/index.ts";

export type Expression =
  | { readonly kind: "constant"; readonly value: bigint | number | boolean | string | null }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "unary"; readonly operator: string; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "logical";
      readonly operator: "and" | "or";
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "comparison";
      readonly first: Expression;
      readonly rest: readonly { readonly operator: string; readonly right: Expression }[];
    }
  | {
      readonly kind: "conditional";
      readonly test: Expression;
      readonly chosen: Expression;
      readonly otherwise: Expression;
    }
  | { readonly kind: "call"; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: "index"; readonly object: Expression; readonly index: Expression }
  | { readonly kind: "attribute"; readonly object: Expression; readonly name: string };

interface Token {
  readonly kind: "number" | "string" | "name" | "operator" | "end";
  readonly text: string;
}

/** Longest text and deepest nesting; nobody writes more by hand, and the walk over the tree is recursive. */
const MAX_LENGTH = 100_000;
const MAX_DEPTH = 90;

/**
 * @throws NodeError `SyntaxError`
 */
export function parseExpression(text: string): Expression {
  return new Parser(tokenize(text)).parse();
}

function syntaxError(message = "invalid syntax"): NodeError {
  return new NodeError(message, "SyntaxError");
}

const TOKEN = new RegExp(
  [
    String.raw`(?<space>[ \t\f]+|#[^\n]*|\\\n)`,
    String.raw`(?<line>\r?\n)`,
    String.raw`(?<number>0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?)`,
    String.raw`(?<name>[\p{L}\p{Nl}_][\p{L}\p{M}\p{N}_]*)`,
    String.raw`(?<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")`,
    String.raw`(?<operator>\*\*|\/\/|<<|>>|<=|>=|==|!=|[-+*\/%&|^~<>()[\],.])`,
  ].join("|"),
  "uy",
);

function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) throw syntaxError("expression is too long");
  const tokens: Token[] = [];
  let depth = 0;
  for (let at = 0; at < text.length;) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined) throw syntaxError();
    at = TOKEN.lastIndex;
    if (groups["space"] !== undefined) continue;
    if (groups["line"] !== undefined) {
      if (depth === 0) throw syntaxError();
      continue;
    }
    const [kind, found] = Object.entries(groups).find(([, value]) => value !== undefined) as [
      Token["kind"],
      string,
    ];
    if (kind === "operator") depth += "([".includes(found) ? 1 : ")]".includes(found) ? -1 : 0;
    const previous = tokens.at(-1);
    if (
      kind === "name" &&
      previous?.kind === "number" &&
      /[\p{L}_]/u.test(text.charAt(at - found.length - 1))
    ) {
      throw syntaxError("invalid decimal literal");
    }
    tokens.push({ kind, text: found });
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

const BINARY: readonly (readonly string[])[] = [
  ["|"],
  ["^"],
  ["&"],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "//", "%"],
];
const COMPARISONS = ["<", "<=", ">", ">=", "==", "!="];
const KEYWORDS = new Set([
  "and",
  "or",
  "not",
  "if",
  "else",
  "in",
  "is",
  "True",
  "False",
  "None",
  "lambda",
  "for",
]);
const CONSTANTS: Readonly<Record<string, boolean | null>> = { True: true, False: false, None: null };

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Expression {
    const tree = this.#conditional();
    if (this.#token.kind !== "end") throw syntaxError();
    return tree;
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "" };
  }
  #is(text: string): boolean {
    return this.#token.text === text && (this.#token.kind === "operator" || this.#token.kind === "name");
  }
  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }
  #expect(text: string): void {
    if (!this.#accept(text)) throw syntaxError();
  }
  /** Guards the recursion: every nested level passes here. */
  #nested<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw syntaxError("too many nested parentheses");
    const result = parse();
    this.#depth -= 1;
    return result;
  }

  #conditional(): Expression {
    const chosen = this.#or();
    if (!this.#accept("if")) return chosen;
    const test = this.#or();
    this.#expect("else");
    const otherwise = this.#nested(() => this.#conditional());
    return { kind: "conditional", test, chosen, otherwise };
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept("or")) left = { kind: "logical", operator: "or", left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#accept("and")) left = { kind: "logical", operator: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    if (!this.#accept("not")) return this.#comparison();
    return { kind: "unary", operator: "not", operand: this.#nested(() => this.#not()) };
  }

  #comparison(): Expression {
    const first = this.#binary(0);
    const rest: { operator: string; right: Expression }[] = [];
    for (;;) {
      const operator = this.#comparisonOperator();
      if (operator === undefined) break;
      rest.push({ operator, right: this.#binary(0) });
    }
    return rest.length === 0 ? first : { kind: "comparison", first, rest };
  }

  #comparisonOperator(): string | undefined {
    const simple = COMPARISONS.find((operator) => this.#accept(operator));
    if (simple !== undefined) return simple;
    if (this.#accept("in")) return "in";
    if (this.#accept("is")) return this.#accept("not") ? "is not" : "is";
    if (!this.#accept("not")) return undefined;
    this.#expect("in");
    return "not in";
  }

  #binary(level: number): Expression {
    const operators = BINARY[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find((candidate) => this.#accept(candidate));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): Expression {
    const operator = ["-", "+", "~"].find((candidate) => this.#accept(candidate));
    if (operator === undefined) return this.#power();
    return { kind: "unary", operator, operand: this.#nested(() => this.#unary()) };
  }

  #power(): Expression {
    const left = this.#postfix();
    if (!this.#accept("**")) return left;
    return { kind: "binary", operator: "**", left, right: this.#nested(() => this.#unary()) };
  }

  #postfix(): Expression {
    let object = this.#primary();
    for (;;) {
      if (this.#accept("[")) {
        const index = this.#nested(() => this.#conditional());
        this.#expect("]");
        object = { kind: "index", object, index };
      } else if (this.#accept(".")) {
        const { kind, text } = this.#token;
        if (kind !== "name" || KEYWORDS.has(text)) throw syntaxError();
        this.#at += 1;
        object = { kind: "attribute", object, name: text };
      } else if (this.#is("(")) {
        if (object.kind !== "name")
          throw new NodeError("only named functions can be called", "FeatureNotAvailable");
        this.#at += 1;
        object = { kind: "call", name: object.name, arguments: this.#callArguments() };
      } else return object;
    }
  }

  #callArguments(): Expression[] {
    const given: Expression[] = [];
    while (!this.#accept(")")) {
      if (given.length > 0) {
        this.#expect(",");
        if (this.#accept(")")) break;
      }
      given.push(this.#nested(() => this.#conditional()));
    }
    return given;
  }

  #primary(): Expression {
    const { kind, text } = this.#token;
    this.#at += 1;
    if (kind === "number") return { kind: "constant", value: numberValue(text) };
    if (kind === "string") return { kind: "constant", value: text.slice(1, -1).replaceAll(/\\(.)/gsu, "$1") };
    if (kind === "operator" && text === "(") {
      const inner = this.#nested(() => this.#conditional());
      this.#expect(")");
      return inner;
    }
    if (kind !== "name") throw syntaxError();
    const constant = CONSTANTS[text];
    if (constant !== undefined) return { kind: "constant", value: constant };
    if (KEYWORDS.has(text)) throw syntaxError();
    return { kind: "name", name: text };
  }
}

function numberValue(text: string): bigint | number {
  const digits = text.replaceAll("_", "");
  if (/^0[xXbBoO]/.test(digits)) return BigInt(digits.toLowerCase());
  if (/[.eE]/.test(digits)) return Number(digits);
  if (/^0\d*[1-9]/.test(digits)) {
    throw syntaxError("leading zeros in decimal integer literals are not permitted");
  }
  return BigInt(digits);
}
