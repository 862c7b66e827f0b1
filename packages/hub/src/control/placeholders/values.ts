/** Values for the placeholders of a graph: what a request gives, checked against what the graph asks for. */
import { entriesOf, isJsonObject, type JsonValue } from "@hearth/protocol";
import { parsePlaceholder, type Placeholder, PlaceholderError } from "./syntax.ts";

type Named = Extract<Placeholder, { name: string }>;

/** What a request gives, by name. */
export interface GivenValues {
  /** `$name` as text */
  readonly texts: ReadonlyMap<string, string>;
  /** `#name` */
  readonly choices: ReadonlyMap<string, string>;
  /** `$name` as a file: what takes its place */
  readonly files: ReadonlyMap<string, string>;
}

/** Every placeholder of a graph, in the order of the document. @throws PlaceholderError for one that is malformed */
export function placeholdersOf(document: JsonValue): Placeholder[] {
  const found: Placeholder[] = [];
  const look = (value: JsonValue): void => {
    if (typeof value === "string") {
      const placeholder = parsePlaceholder(value);
      if (placeholder !== undefined) found.push(placeholder);
    } else if (Array.isArray(value)) value.forEach(look);
    else if (isJsonObject(value)) for (const [, item] of entriesOf(value)) look(item);
  };
  look(document);
  return found;
}

/** The value of each named placeholder. @throws PlaceholderError that names all that is missing, wrong or too much */
export function resolveValues(
  placeholders: readonly Placeholder[],
  given: GivenValues,
): ReadonlyMap<string, string> {
  const byName = new Map<string, Named>();
  const problems: string[] = [];
  for (const placeholder of placeholders) {
    if (!("name" in placeholder)) continue;
    const known = byName.get(placeholder.name);
    if (known !== undefined && known.kind !== placeholder.kind) {
      problems.push(`'${placeholder.name}' is a ${known.kind} and a ${placeholder.kind} in the workflow`);
    }
    // Of several texts of one name, the one with a default tells it.
    if (known === undefined || (known.kind === "text" && known.fallback === undefined)) {
      byName.set(placeholder.name, placeholder);
    }
  }
  const values = new Map<string, string>();
  for (const placeholder of byName.values()) {
    const value = valueOf(placeholder, given);
    if (typeof value === "string") values.set(placeholder.name, value);
    else problems.push(value.problem);
  }
  problems.push(...needless(byName, given));
  if (problems.length > 0) throw new PlaceholderError(problems.join("; "));
  return values;
}

function valueOf(placeholder: Named, given: GivenValues): string | { problem: string } {
  const { name } = placeholder;
  switch (placeholder.kind) {
    case "text": {
      if (given.files.has(name)) return { problem: `$${name} must be a text, not a file` };
      const value = given.texts.get(name) ?? placeholder.fallback;
      return value ?? { problem: `$${name} is missing: the workflow wants a text of this name` };
    }
    case "file": {
      if (given.texts.has(name)) return { problem: `$${name} must be a file, not a text` };
      return (
        given.files.get(name) ?? { problem: `$${name} is missing: the workflow wants a file of this name` }
      );
    }
    default: {
      const value = given.choices.get(name) ?? placeholder.options[0] ?? "";
      if (placeholder.options.includes(value)) return value;
      return { problem: `#${name} is '${value}': it must be one of ${placeholder.options.join(", ")}` };
    }
  }
}

/** A value that nothing asks for is a name with a typing error in it. */
function needless(byName: ReadonlyMap<string, Named>, given: GivenValues): string[] {
  const problems: string[] = [];
  for (const name of [...given.texts.keys(), ...given.files.keys()]) {
    const kind = byName.get(name)?.kind;
    if (kind === undefined) problems.push(`the workflow has no placeholder for $${name}`);
    if (kind === "choice") problems.push(`'${name}' is a choice: it is given as #${name}`);
  }
  for (const name of given.choices.keys()) {
    const kind = byName.get(name)?.kind;
    if (kind === undefined) problems.push(`the workflow has no choice for #${name}`);
    else if (kind !== "choice") problems.push(`'${name}' is a ${kind}: it is given as $${name}`);
  }
  return problems;
}
