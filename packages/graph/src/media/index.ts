/** Workflows and prompts inside of media files. */
export { bytesSource, type ByteSource } from "./byte-source.ts";
export { MediaError } from "./errors.ts";
export { documentOf, type Embedded, readEmbedded } from "./read-embedded.ts";
