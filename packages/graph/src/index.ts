export { PythonError } from "./convert.ts";
export { expandInputs, type ExpandedInput, nestInputs } from "./dynamic-inputs.ts";
export { applyReplacements, REPLACEMENTS } from "./replacements.ts";
export { type SignatureAccess, SignatureBuilder } from "./signatures.ts";
export { typesCompatible } from "./types.ts";
export type { ClassLookup } from "./validate-node.ts";
export { validatePrompt, type ValidateOptions, type ValidationResult } from "./validate-prompt.ts";
