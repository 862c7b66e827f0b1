/** Placeholders in the graphs of the Control contract. */
export { substitute, type Substitution } from "./substitute.ts";
export { parsePlaceholder, type Placeholder, PlaceholderError } from "./syntax.ts";
export { type GivenValues, placeholdersOf, resolveValues } from "./values.ts";
