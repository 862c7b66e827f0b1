/** MP4, MOV and M4V: `udta/meta` with `keys` and `ilst`, inside of `moov` or at the top. */
import { type Reader, utf8, viewOf } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { type Box, boxesIn, findBox, metaStart } from "./iso-boxes.ts";
import { type EmbeddedTexts, keep } from "./texts.ts";

export async function readMp4(reader: Reader): Promise<EmbeddedTexts> {
  const texts: EmbeddedTexts = {};
  for await (const box of boxesIn(reader, 0, reader.size)) {
    if (box.type === "udta") await readUserData(reader, box, texts);
    if (box.type !== "moov") continue;
    for await (const inner of boxesIn(reader, box.start, box.end)) {
      if (inner.type === "udta") await readUserData(reader, inner, texts);
      if (inner.type === "meta") await readMeta(reader, inner, texts);
    }
  }
  return texts;
}

async function readUserData(reader: Reader, box: Box, texts: EmbeddedTexts): Promise<void> {
  for await (const inner of boxesIn(reader, box.start, box.end)) {
    if (inner.type === "meta") await readMeta(reader, inner, texts);
  }
}

async function readMeta(reader: Reader, meta: Box, texts: EmbeddedTexts): Promise<void> {
  const start = await metaStart(reader, meta);
  const keysBox = await findBox(reader, start, meta.end, "keys");
  const list = await findBox(reader, start, meta.end, "ilst");
  if (keysBox === undefined || list === undefined) return;
  const keys = readKeys(await reader.bytes(keysBox.start, keysBox.end - keysBox.start, "the box keys"));
  for await (const item of boxesIn(reader, list.start, list.end)) {
    // The type of an item is the number of its key, from 1 on.
    const index = Buffer.from(item.type, "latin1").readUInt32BE(0);
    const key = keys[index - 1];
    if (key === undefined || !/^(workflow|prompt)$/i.test(key)) continue;
    const data = await findBox(reader, item.start, item.end, "data");
    if (data === undefined || data.end - data.start < 8) continue;
    // Type and locale come before the text.
    const text = await reader.bytes(data.start + 8, data.end - data.start - 8, `the text of ${key}`);
    keep(texts, key, utf8(text).replace(/\0+$/, ""));
  }
}

/** Version, count, then for each key: length, namespace, name. */
function readKeys(bytes: Uint8Array): string[] {
  const view = viewOf(bytes);
  const keys: string[] = [];
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    if (length < 8 || at + length > bytes.length)
      throw new MediaError("a key goes beyond the end of the box keys");
    keys.push(utf8(bytes.subarray(at + 8, at + length)));
    at += length;
  }
  return keys;
}
