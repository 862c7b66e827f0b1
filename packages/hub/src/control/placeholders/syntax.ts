/** Placeholders in graphs: strings that are, as a whole, `$text(key, default)` and the like. */

export type Placeholder =
  | { readonly kind: "text"; readonly name: string; readonly fallback: string | undefined }
  /** the first option is what is taken when nothing is said */
  | { readonly kind: "choice"; readonly name: string; readonly options: readonly string[] }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "random" }
  | { readonly kind: "timestamp" };

/** A graph or the values for it are not as they must be; the text names all that is wrong. */
export class PlaceholderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PlaceholderError";
  }
}

const FORM = /^\$(text|choice|file|random|timestamp)\((.*)\)$/s;
const NAME = /^[A-Za-z0-9_-]{1,255}$/;
const LEAST_OPTIONS = 2;
const MOST_OPTIONS = 4;

/** The placeholder that `text` is; `undefined` when it is an ordinary string. @throws PlaceholderError */
export function parsePlaceholder(text: string): Placeholder | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, kind, inside = ""] = match;
  switch (kind) {
    case "text": {
      const comma = inside.indexOf(",");
      if (comma < 0) return { kind, name: named(text, inside), fallback: undefined };
      return { kind, name: named(text, inside.slice(0, comma)), fallback: bare(inside.slice(comma + 1)) };
    }
    case "choice": {
      const [name = "", ...options] = inside.split(",");
      if (options.length < LEAST_OPTIONS || options.length > MOST_OPTIONS) {
        throw new PlaceholderError(
          `${text} has ${options.length} options: there must be ${LEAST_OPTIONS} to ${MOST_OPTIONS}`,
        );
      }
      return { kind, name: named(text, name), options: options.map(bare) };
    }
    case "file":
      return { kind, name: named(text, inside) };
    default:
      if (inside.trim() !== "") throw new PlaceholderError(`${text}: nothing goes between the brackets`);
      return { kind: kind as "random" | "timestamp" };
  }
}

function named(text: string, given: string): string {
  const name = bare(given);
  if (NAME.test(name)) return name;
  throw new PlaceholderError(
    `${text}: '${name}' is no name (1 to 255 letters, digits, hyphens and underscores)`,
  );
}

/** Without blanks around it, nor a pair of quotes. */
function bare(text: string): string {
  const trimmed = text.trim();
  return /^(["']).*\1$/s.test(trimmed) && trimmed.length > 1 ? trimmed.slice(1, -1) : trimmed;
}
