/** Reading and writing of files for node code. */
export { savePreviews } from "./previews.ts";
export { encodePreview } from "./preview-image.ts";
export { saveImageBatch, type SavedFile } from "./save-images.ts";
export { saveNumbered, type SaveTarget, saveTarget } from "./save-names.ts";
