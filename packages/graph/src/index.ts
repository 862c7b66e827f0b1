/**
 * What a prompt means: declared inputs, validation, cache signatures, replacements, graph shapes. Conversion of workflows
 * (`@hearth/graph/convert`) and reading media (`@hearth/graph/media`) are loaded by those who do that.
 */
export { PythonError } from "./input-conversion.ts";
export {
  expandInputs,
  type ExpandedInput,
  type ExpandedInputs,
  isDynamic,
  nestInputs,
} from "./dynamic-inputs.ts";
export { graphShape } from "./graph-shape.ts";
export { linkOf } from "./links.ts";
export type { ClassLookup } from "./prompt-state.ts";
export {
  applyReplacements,
  type NodeReplacement,
  nodeReplacementsInfo,
  REPLACEMENTS,
} from "./replacements.ts";
export { type SignatureAccess, SignatureBuilder, signatureOf } from "./signatures.ts";
export { type SlotType, typesCompatible } from "./types.ts";
export { validatePrompt, type ValidateOptions, type ValidationResult } from "./validate-prompt.ts";
