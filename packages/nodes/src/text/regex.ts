/** Python's `re`: search, iteration and substitution over a translated pattern. */
import { regexError, type RegexFlags, translateRegex } from "./regex-syntax.ts";

export interface RegexMatch {
  /** UTF-16 positions of the whole match */
  readonly start: number;
  readonly end: number;
  /** Python's groups, 0 being the whole match; `undefined` for those that took no part */
  readonly groups: readonly (string | undefined)[];
}

export class PythonRegex {
  /** number of capturing groups */
  readonly groupCount: number;
  readonly #names: Readonly<Record<string, number>>;
  readonly #groups: readonly number[];
  readonly #search: RegExp;
  readonly #nonEmpty: RegExp;

  /** @throws NodeError `re.error` for an invalid pattern */
  constructor(pattern: string, flags: RegexFlags) {
    const { source, ignoreCase, groups, names } = translateRegex(pattern, flags);
    this.#groups = groups;
    this.#names = names;
    this.groupCount = groups.length - 1;
    const shared = ignoreCase ? "vi" : "v";
    this.#search = compile(source, `g${shared}`);
    // A match of at least one character: what is left behind it is shorter than what was left before.
    this.#nonEmpty = compile(shiftReferences(source), `y${shared}`);
  }

  /** The first match, or `undefined`. */
  search(text: string): RegexMatch | undefined {
    return this.#find(text, 0);
  }

  /** All matches, as `finditer`: an empty match does not hide a longer one at the same place. */
  *matches(text: string): Generator<RegexMatch> {
    let at = 0;
    let emptyAt = -1;
    while (at <= text.length) {
      let found: RegexMatch | undefined;
      if (emptyAt === at) {
        this.#nonEmpty.lastIndex = at;
        found = this.#result(this.#nonEmpty.exec(text), 1);
        if (found === undefined) {
          at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
          if (at > text.length) return;
        }
      }
      found ??= this.#find(text, at);
      if (found === undefined) return;
      yield found;
      at = found.end;
      emptyAt = found.start === found.end ? at : -1;
    }
  }

  /**
   * `re.sub`.
   * @param count largest number of replacements, 0 for all
   * @throws NodeError `re.error` for a bad template
   */
  substitute(text: string, template: string, count: number): string {
    const parts = this.#parseTemplate(template);
    let out = "";
    let at = 0;
    let done = 0;
    for (const match of this.matches(text)) {
      out += text.slice(at, match.start);
      for (const part of parts) out += typeof part === "string" ? part : (match.groups[part] ?? "");
      at = match.end;
      done += 1;
      if (count > 0 && done >= count) break;
    }
    return out + text.slice(at);
  }

  #find(text: string, from: number): RegexMatch | undefined {
    this.#search.lastIndex = from;
    return this.#result(this.#search.exec(text), 0);
  }

  #result(match: RegExpExecArray | null, shift: number): RegexMatch | undefined {
    if (match === null) return undefined;
    const groups = this.#groups.map((group) => (group === 0 ? match[0] : match[group + shift]));
    return { start: match.index, end: match.index + match[0].length, groups };
  }

  /** Texts and group numbers. */
  #parseTemplate(template: string): (string | number)[] {
    const parts: (string | number)[] = [];
    let text = "";
    const group = (number: number): void => {
      if (number > this.groupCount) throw regexError(`invalid group reference ${number}`);
      parts.push(text, number);
      text = "";
    };
    for (let at = 0; at < template.length;) {
      const rest = template.slice(at);
      const named = /^\\g(?:<([^>]*)>)?/s.exec(rest);
      const octal = /^\\(0[0-7]{0,2}|[1-3][0-7]{2})/.exec(rest);
      const numbered = /^\\([1-9]\d?)/.exec(rest);
      if (named !== null) {
        group(this.#groupOf(named[1]));
        at += named[0].length;
      } else if (octal !== null) {
        text += String.fromCodePoint(Number.parseInt(octal[1] ?? "0", 8));
        at += octal[0].length;
      } else if (numbered !== null) {
        group(Number(numbered[1]));
        at += numbered[0].length;
      } else if (rest.startsWith("\\")) {
        const char = template.charAt(at + 1);
        const plain = TEMPLATE_ESCAPES[char];
        if (char === "") throw regexError("bad escape (end of pattern)", at);
        if (plain === undefined && /[A-Za-z]/.test(char)) throw regexError(`bad escape \\${char}`, at);
        text += plain ?? `\\${char}`;
        at += 2;
      } else {
        text += template.charAt(at);
        at += 1;
      }
    }
    parts.push(text);
    return parts;
  }

  #groupOf(name: string | undefined): number {
    if (name === undefined) throw regexError("missing <");
    if (name === "") throw regexError("missing group name");
    if (/^\d+$/.test(name)) return Number(name);
    const group = this.#names[name];
    if (group === undefined) throw regexError(`unknown group name '${name}'`);
    return group;
  }
}

const TEMPLATE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

function compile(source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    // What the translation lets through and JavaScript refuses (a pattern too large, for one).
    throw regexError((error as Error).message);
  }
}

/** Wraps a pattern so that it cannot match nothing; one group comes in front, so references move up by one. */
function shiftReferences(source: string): string {
  const shifted = source.replaceAll(/\(\?:\\(\d+)\)/g, (_, group: string) => `(?:\\${Number(group) + 1})`);
  return String.raw`(?=([\s\S]*))(?:${shifted})(?!(?:\1)(?![\s\S]))`;
}
