/**
 * Translates Python's regular expression syntax to JavaScript's (`v` flag).
 *
 * The anchors, classes and flags of Python differ from JavaScript's in what they match (`$` before a last line break,
 * Unicode `\w`, only `\n` ends a line), so each is spelled out. Atomic groups and possessive quantifiers become a
 * look-ahead that captures and a back-reference; hence `groups` maps Python's group numbers to JavaScript's.
 */
import { NodeError } from "../sdk/index.ts";
import { PYTHON_SPACE } from "./code-points.ts";

export interface RegexFlags {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

export interface TranslatedRegex {
  readonly source: string;
  readonly ignoreCase: boolean;
  /** JavaScript group number by Python group number; entry 0 is the whole match */
  readonly groups: readonly number[];
  readonly names: Readonly<Record<string, number>>;
}

/** Width in characters that a piece can match. */
interface Piece {
  readonly source: string;
  readonly min: number;
  readonly max: number;
  /** anchors, which cannot be repeated */
  readonly anchor?: boolean;
}

interface Scope {
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly ascii: boolean;
  readonly verbose: boolean;
  readonly ignoreCase: boolean;
}

/** An error of a pattern, as Python's `re.error`. */
export function regexError(message: string, position?: number): NodeError {
  return new NodeError(position === undefined ? message : `${message} at position ${position}`, "re.error");
}

/** A pattern is valid Python that JavaScript cannot match. */
export class UnsupportedRegexError extends NodeError {
  constructor(what: string) {
    super(`regular expression: ${what} is not supported`, "NotImplementedError");
    this.name = "UnsupportedRegexError";
  }
}

/**
 * Translates a pattern.
 * @throws NodeError `re.error` where Python's `re.compile` raises it
 * @throws UnsupportedRegexError for conditional groups and `\N{…}`
 */
export function translateRegex(pattern: string, flags: RegexFlags): TranslatedRegex {
  return new Translator(pattern, flags).translate();
}

const START = String.raw`(?<![\s\S])`;
const END = String.raw`(?![\s\S])`;

class Translator {
  readonly #chars: readonly string[];
  readonly #names: Record<string, number> = Object.create(null) as Record<string, number>;
  readonly #groups: number[] = [0];
  readonly #open = new Set<number>();
  readonly #widths: Piece[] = [];
  #jsGroups = 0;
  #at = 0;
  #scope: Scope;

  constructor(pattern: string, flags: RegexFlags) {
    this.#chars = [...pattern];
    this.#scope = { ...flags, ascii: false, verbose: false };
  }

  translate(): TranslatedRegex {
    this.#globalFlags();
    const { source } = this.#alternatives();
    if (this.#at < this.#chars.length) throw this.#fail("unbalanced parenthesis");
    return { source, ignoreCase: this.#scope.ignoreCase, groups: this.#groups, names: this.#names };
  }

  #fail(message: string, position = this.#at): NodeError {
    return regexError(message, position);
  }
  #peek(offset = 0): string {
    return this.#chars[this.#at + offset] ?? "";
  }
  #take(): string {
    const char = this.#peek();
    this.#at += 1;
    return char;
  }
  #starts(text: string): boolean {
    return this.#chars.slice(this.#at, this.#at + text.length).join("") === text;
  }
  #skip(text: string): boolean {
    if (!this.#starts(text)) return false;
    this.#at += text.length;
    return true;
  }
  #until(end: string, missing: string): string {
    const from = this.#at;
    while (this.#peek() !== end) {
      if (this.#at >= this.#chars.length) throw this.#fail(missing, from);
      this.#at += 1;
    }
    const text = this.#chars.slice(from, this.#at).join("");
    this.#at += 1;
    return text;
  }

  /** `(?ims)` is allowed at the very start only. */
  #globalFlags(): void {
    for (;;) {
      const match = /^\(\?([aiLmsux]+)\)/.exec(this.#chars.slice(this.#at, this.#at + 16).join(""));
      if (match === null) return;
      this.#at += match[0].length;
      this.#scope = this.#withFlags(match[1] ?? "", "");
    }
  }

  #withFlags(on: string, off: string): Scope {
    if (on.includes("L")) throw this.#fail("bad inline flags: cannot use 'L' flag with a str pattern");
    const set = (flag: string, old: boolean): boolean =>
      on.includes(flag) ? true : off.includes(flag) ? false : old;
    const old = this.#scope;
    return {
      multiline: set("m", old.multiline),
      dotAll: set("s", old.dotAll),
      verbose: set("x", old.verbose),
      ignoreCase: set("i", old.ignoreCase),
      ascii: on.includes("a") ? true : on.includes("u") ? false : old.ascii,
    };
  }

  #alternatives(): Piece {
    const branches = [this.#sequence()];
    while (this.#skip("|")) branches.push(this.#sequence());
    return {
      source: branches.map((branch) => branch.source).join("|"),
      min: Math.min(...branches.map((branch) => branch.min)),
      max: Math.max(...branches.map((branch) => branch.max)),
    };
  }

  #sequence(): Piece {
    let source = "";
    let min = 0;
    let max = 0;
    while (this.#at < this.#chars.length && this.#peek() !== "|" && this.#peek() !== ")") {
      if ((this.#scope.verbose && this.#skipVerbose()) || this.#skipComment()) continue;
      const piece = this.#quantified(this.#atom());
      source += piece.source;
      min += piece.min;
      max += piece.max;
    }
    return { source, min, max };
  }

  #skipVerbose(): boolean {
    if (/^[ \t\n\r\f\v]$/.test(this.#peek())) {
      this.#at += 1;
      return true;
    }
    if (this.#peek() !== "#") return false;
    while (this.#at < this.#chars.length && this.#peek() !== "\n") this.#at += 1;
    return true;
  }

  #skipComment(): boolean {
    if (!this.#skip("(?#")) return false;
    this.#until(")", "missing ), unterminated comment");
    return true;
  }

  #atom(): Piece {
    const from = this.#at;
    const char = this.#take();
    const { multiline, dotAll } = this.#scope;
    if (char === "(") return this.#group(from);
    if (char === "[") return { source: this.#characterClass(from), min: 1, max: 1 };
    if (char === "\\") return this.#escape(from);
    if (char === ".") return { source: dotAll ? String.raw`[\s\S]` : String.raw`[^\n]`, min: 1, max: 1 };
    if (char === "^")
      return { source: multiline ? String.raw`(?<![^\n])` : START, min: 0, max: 0, anchor: true };
    if (char === "$") {
      return {
        source: multiline ? String.raw`(?![^\n])` : String.raw`(?=\n?${END})`,
        min: 0,
        max: 0,
        anchor: true,
      };
    }
    if ("*+?".includes(char) || (char === "{" && this.#braces(from) !== undefined)) {
      throw this.#fail("nothing to repeat", from);
    }
    return { source: literal(char), min: 1, max: 1 };
  }

  /** The bounds of `{m,n}` at `position`; `undefined` where the brace is a literal. */
  #braces(position: number): { min: number; max: number; length: number } | undefined {
    const text = this.#chars.slice(position, position + 40).join("");
    const match = /^\{(\d*)(?:(,)(\d*))?\}/.exec(text);
    if (match === null || (match[1] === "" && match[2] === undefined)) return undefined;
    const min = Number(match[1] ?? 0);
    const max = match[2] === undefined ? min : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    return { min, max, length: match[0].length };
  }

  #quantifier(): { min: number; max: number } | undefined {
    const char = this.#peek();
    if (char === "{") {
      const braces = this.#braces(this.#at);
      if (braces === undefined) return undefined;
      if (braces.max < braces.min) throw this.#fail("min repeat greater than max repeat");
      this.#at += braces.length;
      return braces;
    }
    if (char === "" || !"*+?".includes(char)) return undefined;
    this.#at += 1;
    return { min: char === "+" ? 1 : 0, max: char === "?" ? 1 : Number.POSITIVE_INFINITY };
  }

  #quantified(atom: Piece): Piece {
    // Comments do not part a quantifier from what it repeats.
    while ((this.#scope.verbose && this.#skipVerbose()) || this.#skipComment());
    const from = this.#at;
    const bounds = this.#quantifier();
    if (bounds === undefined) return atom;
    if (atom.anchor) throw this.#fail("nothing to repeat", from);
    const { min, max } = bounds;
    const range = max === min ? `{${min}}` : `{${min},${Number.isFinite(max) ? max : ""}}`;
    const repeated = `(?:${atom.source})${range}`;
    const width = { min: atom.min * min, max: atom.max === 0 ? 0 : atom.max * max };
    if (this.#skip("?")) return { source: `${repeated}?`, ...width };
    if (this.#skip("+")) return { source: this.#atomic(repeated, atom.source), ...width };
    if (this.#quantifier() !== undefined) throw this.#fail("multiple repeat");
    return { source: repeated, ...width };
  }

  /** What matched is not given back. The capture comes after those inside, so that they keep their numbers. */
  #atomic(source: string, inside: string): string {
    // A capture around `source` would renumber groups that were counted already: name it instead.
    if (/\((?![?])|\(\?<(?![=!])/.test(inside))
      throw new UnsupportedRegexError("a capturing group in an atomic one");
    this.#jsGroups += 1;
    const name = `atomic${this.#jsGroups}_`;
    return `(?=(?<${name}>${source}))\\k<${name}>`;
  }

  #group(from: number): Piece {
    if (!this.#skip("?")) return this.#capture(from, undefined);
    if (this.#skip("P<")) return this.#capture(from, this.#groupName(">"));
    if (this.#skip("P=")) {
      const name = this.#groupName(")");
      const group = this.#names[name];
      if (group === undefined) throw this.#fail(`unknown group name '${name}'`);
      return this.#backReference(group);
    }
    if (this.#skip("(")) throw new UnsupportedRegexError("a conditional group (?(…)…|…)");
    for (const kind of ["=", "!", "<=", "<!"]) {
      if (!this.#skip(kind)) continue;
      const inner = this.#inside(from);
      if (kind.startsWith("<") && inner.min !== inner.max)
        throw regexError("look-behind requires fixed-width pattern");
      return { source: `(?:(?${kind}${inner.source}))`, min: 0, max: 0 };
    }
    if (this.#skip(">")) {
      const inner = this.#inside(from);
      return { ...inner, source: this.#atomic(`(?:${inner.source})`, inner.source) };
    }
    return this.#flagGroup(from);
  }

  /** `(?:…)`, and `(?i-s:…)`. */
  #flagGroup(from: number): Piece {
    const match = /^([aiLmsux]*)(?:-([imsx]+))?:/.exec(this.#chars.slice(this.#at, this.#at + 16).join(""));
    if (match === null) {
      if (/^[aiLmsux]+\)/.test(this.#chars.slice(this.#at, this.#at + 16).join(""))) {
        throw this.#fail("global flags not at the start of the expression", from);
      }
      throw this.#fail(`unknown extension ?${this.#peek()}`, from + 1);
    }
    this.#at += match[0].length;
    const outer = this.#scope;
    this.#scope = this.#withFlags(match[1] ?? "", match[2] ?? "");
    const inner = this.#inside(from);
    const { ignoreCase } = this.#scope;
    this.#scope = outer;
    const modifier = ignoreCase === outer.ignoreCase ? "" : ignoreCase ? "i" : "-i";
    return { ...inner, source: `(?${modifier}:${inner.source})` };
  }

  #inside(from: number): Piece {
    const inner = this.#alternatives();
    if (!this.#skip(")")) throw this.#fail("missing ), unterminated subpattern", from);
    return inner;
  }

  #capture(from: number, name: string | undefined): Piece {
    const group = this.#groups.length;
    this.#jsGroups += 1;
    this.#groups.push(this.#jsGroups);
    if (name !== undefined) {
      if (this.#names[name] !== undefined) throw this.#fail(`redefinition of group name '${name}'`);
      this.#names[name] = group;
    }
    this.#open.add(group);
    const inner = this.#inside(from);
    this.#open.delete(group);
    this.#widths[group] = inner;
    return { ...inner, source: `(${inner.source})` };
  }

  #groupName(end: string): string {
    const name = this.#until(end, `missing ${end}, unterminated name`);
    if (name === "") throw this.#fail("missing group name");
    if (!/^[\p{L}\p{Nl}_][\p{L}\p{M}\p{N}_]*$/u.test(name))
      throw this.#fail(`bad character in group name '${name}'`);
    return name;
  }

  #backReference(group: number): Piece {
    if (group >= this.#groups.length) throw this.#fail(`invalid group reference ${group}`);
    if (this.#open.has(group)) throw this.#fail("cannot refer to an open group");
    const { min = 0, max = 0 } = this.#widths[group] ?? {};
    return { source: `(?:\\${this.#groups[group]})`, min, max };
  }

  #escape(from: number): Piece {
    const char = this.#peek();
    const shorthand = classEscape(char, this.#scope.ascii);
    if (shorthand !== undefined) {
      this.#at += 1;
      return { source: shorthand, min: 1, max: 1 };
    }
    const anchor = this.#anchorEscape(char);
    if (anchor !== undefined) {
      this.#at += 1;
      return { source: anchor, min: 0, max: 0, anchor: true };
    }
    if (
      /^[1-9]$/.test(char) &&
      !/^[0-3][0-7][0-7]$/.test(this.#chars.slice(this.#at, this.#at + 3).join(""))
    ) {
      this.#at += 1;
      return this.#backReference(Number(char + (/^\d$/.test(this.#peek()) ? this.#take() : "")));
    }
    return { source: literal(this.#characterEscape(from)), min: 1, max: 1 };
  }

  #anchorEscape(char: string): string | undefined {
    if (char === "A") return START;
    if (char === "Z") return END;
    if (char !== "b" && char !== "B") return undefined;
    const word = this.#scope.ascii ? "[A-Za-z0-9_]" : WORD;
    return char === "b"
      ? `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`
      : // An empty text has no place that is not a boundary.
        String.raw`(?:(?<=${word})(?=${word})|(?<!${word})(?!${word})(?:(?<=[\s\S])|(?=[\s\S])))`;
  }

  /** The character that an escape stands for, here and in classes. */
  #characterEscape(from: number): string {
    const char = this.#take();
    if (char === "") throw this.#fail("bad escape (end of pattern)", from);
    const control = CONTROLS[char];
    if (control !== undefined) return control;
    const digits = HEX_DIGITS[char];
    if (digits !== undefined) {
      const hex = this.#chars.slice(this.#at, this.#at + digits).join("");
      if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex))
        throw this.#fail(`incomplete escape \\${char}${hex}`, from);
      this.#at += digits;
      const code = Number.parseInt(hex, 16);
      if (code > 0x10ffff) throw this.#fail(`bad escape \\${char}${hex}`, from);
      return String.fromCodePoint(code);
    }
    if (/^[0-7]$/.test(char)) {
      let octal = char;
      while (octal.length < 3 && /^[0-7]$/.test(this.#peek())) octal += this.#take();
      const code = Number.parseInt(octal, 8);
      if (code > 0o377) throw this.#fail(`octal escape value \\${octal} outside of range 0-0o377`, from);
      return String.fromCodePoint(code);
    }
    if (char === "N") throw new UnsupportedRegexError("\\N{…}");
    if (/^[A-Za-z0-9]$/.test(char)) throw this.#fail(`bad escape \\${char}`, from);
    return char;
  }

  #characterClass(from: number): string {
    const negated = this.#skip("^") ? "^" : "";
    let body = "";
    for (let first = true; ; first = false) {
      if (this.#at >= this.#chars.length) throw this.#fail("unterminated character set", from);
      if (!first && this.#peek() === "]") break;
      const start = this.#at;
      const low = this.#classItem();
      if (this.#peek() === "-" && this.#peek(1) !== "]" && this.#peek(1) !== "") {
        this.#at += 1;
        const high = this.#classItem();
        if (low.shorthand || high.shorthand || comesAfter(low.char, high.char)) {
          throw this.#fail(`bad character range ${this.#chars.slice(start, this.#at).join("")}`, start);
        }
        body += `${literal(low.char)}-${literal(high.char)}`;
      } else body += low.shorthand ? low.char : literal(low.char);
    }
    this.#at += 1;
    return `[${negated}${body}]`;
  }

  #classItem(): { char: string; shorthand: boolean } {
    const from = this.#at;
    const char = this.#take();
    if (char !== "\\") return { char, shorthand: false };
    const shorthand = classEscape(this.#peek(), this.#scope.ascii);
    if (shorthand !== undefined) {
      this.#at += 1;
      return { char: shorthand, shorthand: true };
    }
    if (this.#skip("b")) return { char: "\b", shorthand: false };
    return { char: this.#characterEscape(from), shorthand: false };
  }
}

const WORD = String.raw`[\p{L}\p{N}_]`;
const CONTROLS: Readonly<Record<string, string>> = {
  a: "\x07",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** `\d`, `\w`, `\s` and their opposites as classes, which may stand inside a class. */
function classEscape(char: string, ascii: boolean): string | undefined {
  const inside: Readonly<Record<string, string>> = {
    d: ascii ? "0-9" : String.raw`\p{Nd}`,
    w: ascii ? "A-Za-z0-9_" : String.raw`\p{L}\p{N}_`,
    s: ascii ? String.raw`\t\n\v\f\r\x20` : PYTHON_SPACE,
  };
  const body = inside[char.toLowerCase()];
  if (body === undefined || char === "") return undefined;
  return char === char.toLowerCase() ? `[${body}]` : `[^${body}]`;
}

/** A character that stands for itself anywhere in a pattern. */
function literal(char: string): string {
  return /^[A-Za-z0-9_]$/.test(char) ? char : `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

function comesAfter(low: string, high: string): boolean {
  return (low.codePointAt(0) ?? 0) > (high.codePointAt(0) ?? 0);
}
