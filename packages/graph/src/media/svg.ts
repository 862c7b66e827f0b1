/** SVG: a CDATA section in the element `metadata` that holds `{"prompt": …, "workflow": …}`. */
import { isJsonObject, JsonSyntaxError, parseJson, printJson } from "@hearth/protocol";
import { type Reader, utf8 } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { type EmbeddedTexts, keep } from "./texts.ts";

const OPEN = "<![CDATA[";

export async function readSvg(reader: Reader): Promise<EmbeddedTexts> {
  const text = utf8(await reader.bytes(0, reader.size, "the SVG file"));
  const texts: EmbeddedTexts = {};
  // Plain searches: a pattern over the whole file could be made to take very long.
  const metadata = text.indexOf("<metadata");
  const start = metadata < 0 ? -1 : text.indexOf(OPEN, metadata);
  const close = metadata < 0 ? -1 : text.indexOf("</metadata", metadata);
  if (start < 0 || (close >= 0 && close < start)) return texts;
  const end = text.indexOf("]]>", start);
  if (end < 0) throw new MediaError("the CDATA section of the SVG file is cut off");
  try {
    const holder = parseJson(text.slice(start + OPEN.length, end));
    if (!isJsonObject(holder)) return texts;
    for (const [key, value] of Object.entries(holder)) {
      keep(texts, key, typeof value === "string" ? value : printJson(value, "compact"));
    }
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new MediaError(`the metadata of the SVG file is not JSON: ${error.message}`);
  }
  return texts;
}
