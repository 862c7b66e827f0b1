/** Real pictures for outputs and previews: PNG files of one colour. */
import { crc32, deflateSync } from "node:zlib";

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), whole.length - 4);
  return whole;
}

/** A PNG with 8 bits a channel. `color` is 0xRRGGBB; `texts` become tEXt chunks, as ComfyUI writes the prompt. */
export function colorPng(
  width: number,
  height: number,
  color: number,
  texts: Readonly<Record<string, string>> = {},
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const pixels = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) pixels.writeUIntBE(color, y * (1 + width * 3) + 1 + x * 3, 3);
  }
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", header),
    ...Object.entries(texts).map(([key, text]) => chunk("tEXt", Buffer.from(`${key}\0${text}`, "latin1"))),
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
