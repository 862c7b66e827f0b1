/** The small pictures of work in progress (section 4.6 of the behaviour reference). */
import sharp from "sharp";
import type { PreviewImage } from "@hearth/engine";
import type { Image } from "../sdk/tensor.ts";
import { toRaster } from "./pixels.ts";
import { encodePng } from "./png.ts";

/**
 * Scales the first picture to fit `maxSize`×`maxSize`, up or down, with a bilinear filter, and encodes it: JPEG of
 * quality 95, or PNG of level 1.
 */
export async function encodePreview(
  image: Image,
  maxSize: number,
  format: PreviewImage["format"] = "jpeg",
): Promise<PreviewImage> {
  const { width, height, channels, samples } = toRaster(image, 0);
  const scale = maxSize / Math.max(width, height);
  const size = {
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const scaled = sharp(samples, { raw: { width, height, channels } }).resize({
    ...size,
    fit: "fill",
    kernel: "linear",
  });
  const bytes =
    format === "jpeg"
      ? await scaled.removeAlpha().jpeg({ quality: 95 }).toBuffer()
      : await scaled.png({ compressionLevel: 1 }).toBuffer();
  return { format, bytes };
}

/** One picture of a batch at its own size, as a PNG of level 1: for nodes that hand pictures to the client. */
export async function encodePicture(images: Image, index: number): Promise<PreviewImage> {
  return { format: "png", bytes: await encodePng(toRaster(images, index), { level: 1 }) };
}
