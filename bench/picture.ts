/** A test picture as PNG: soft gradients under a little noise, which compresses about as well as a photograph. */
import { crc32, deflateSync } from "node:zlib";

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(data.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

export class Picture {
  readonly #header: Buffer;
  readonly #pixels: Buffer;

  constructor(side: number) {
    const row = side * 3 + 1;
    // Each line is written with the "up" filter, by hand: differences to the line above.
    const raw = Buffer.alloc(row * side);
    let above = new Uint8Array(side * 3);
    let state = 1;
    for (let y = 0; y < side; y += 1) {
      const line = new Uint8Array(side * 3);
      raw[y * row] = 2;
      for (let x = 0; x < side * 3; x += 1) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const soft = 120 + 60 * Math.sin(x / 900) + 50 * Math.cos(y / 400);
        line[x] = soft + (state >>> 29);
        raw[y * row + 1 + x] = ((line[x] as number) - (above[x] as number)) & 255;
      }
      above = line;
    }
    const size = Buffer.alloc(13);
    size.writeUInt32BE(side, 0);
    size.writeUInt32BE(side, 4);
    size.set([8, 2, 0, 0, 0], 8);
    this.#header = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), chunk("IHDR", size)]);
    this.#pixels = chunk("IDAT", deflateSync(raw, { level: 4 }));
  }

  /** The same pixels in a file of other bytes: servers that know a file by its hash read it anew. */
  file(label: string): Buffer {
    const text = chunk("tEXt", Buffer.from(`bench\0${label}`, "latin1"));
    return Buffer.concat([this.#header, text, this.#pixels, chunk("IEND", Buffer.alloc(0))]);
  }
}
