/** Pictures through libvips, which is loaded when the first one is asked for: a start has no use for it. */
import type { Sharp, SharpInput, SharpOptions } from "sharp";

/** Opens a picture: a file, or bytes. Nothing is read yet, and what is wrong with it shows when it is. */
export async function openPicture(input: SharpInput, options: SharpOptions): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  // libvips keeps pictures by file name, and would show one that was replaced.
  sharp.cache(false);
  return sharp(input, options);
}
