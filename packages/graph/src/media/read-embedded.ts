/** The workflow or prompt that a file carries: a JSON file, or media made by ComfyUI. */
import { isJsonObject, JsonSyntaxError, type JsonValue, parseJson } from "@hearth/protocol";
import { isWorkflow } from "../convert/read-workflow.ts";
import { isPrompt } from "../convert/rebuild-prompt.ts";
import { readAvif } from "./avif.ts";
import { type ByteSource, latin1, Reader, utf8 } from "./byte-source.ts";
import { MediaError } from "./errors.ts";
import { readFlac } from "./flac.ts";
import { readGlb, readSafetensors } from "./json-headers.ts";
import { readMp3 } from "./mp3.ts";
import { readMp4 } from "./mp4.ts";
import { readOgg } from "./ogg.ts";
import { readPng } from "./png.ts";
import { readSvg } from "./svg.ts";
import type { EmbeddedTexts } from "./texts.ts";
import { readWebm } from "./webm.ts";
import { readWebp } from "./webp.ts";

/** What was found; the workflow is the better one, since a prompt forgets titles and what was muted. */
export interface Embedded {
  /** `PNG`, `WebM`, … or `JSON` for a file that is the document itself */
  readonly format: string;
  readonly workflow: JsonValue | undefined;
  readonly prompt: JsonValue | undefined;
}

/** What to convert: the workflow if it is one, else the prompt. */
export function documentOf({ workflow, prompt }: Embedded): JsonValue {
  return isWorkflow(workflow) ? workflow : (prompt ?? workflow ?? null);
}

interface Format {
  readonly name: string;
  /** whether the first bytes, one character each, are of this format */
  readonly fits: (head: string) => boolean;
  readonly read: (reader: Reader) => Promise<EmbeddedTexts>;
}

/** The form of the box `ftyp`, which begins ISO media files; other boxes may stand first in old ones. */
const ISO_START = /^[^]{4}(ftyp|moov|mdat|wide|free|skip|udta|pnot)/;
const AVIF_START = /^[^]{4}ftyp(avif|avis|mif1|msf1|heic|heix)/;
const HEAD_BYTES = 32;

/** By content, not by name: people rename files. */
const FORMATS: readonly Format[] = [
  { name: "PNG", fits: (head) => head.startsWith("\u0089PNG\r\n\u001a\n"), read: readPng },
  { name: "WebP", fits: (head) => /^RIFF[^]{4}WEBP/.test(head), read: readWebp },
  { name: "FLAC", fits: (head) => head.startsWith("fLaC"), read: readFlac },
  { name: "Ogg", fits: (head) => head.startsWith("OggS"), read: readOgg },
  { name: "MP3", fits: (head) => /^(ID3|\u00ff[\u00e0-\u00ff])/.test(head), read: readMp3 },
  { name: "WebM", fits: (head) => head.startsWith("\u001aE\u00df\u00a3"), read: readWebm },
  { name: "AVIF", fits: (head) => AVIF_START.test(head), read: readAvif },
  { name: "MP4", fits: (head) => ISO_START.test(head), read: readMp4 },
  { name: "GLB", fits: (head) => head.startsWith("glTF"), read: readGlb },
  { name: "SVG", fits: (head) => /^(\u00ef\u00bb\u00bf)?\s*<(\?xml|svg|!)/.test(head), read: readSvg },
  { name: "safetensors", fits: (head) => /^[^]{5}\0{3}\{/.test(head), read: readSafetensors },
];

/**
 * Reads what a file carries. At most 64 MiB of it are held in memory at once.
 * @throws MediaError when the format is not known, the file is broken, or it carries neither workflow nor prompt
 */
export async function readEmbedded(source: ByteSource): Promise<Embedded> {
  const reader = new Reader(source);
  if (reader.size === 0) throw new MediaError("the file is empty");
  const head = latin1(await reader.bytes(0, Math.min(HEAD_BYTES, reader.size), "the file"));
  const format = FORMATS.find(({ fits }) => fits(head));
  if (format !== undefined) return parsed(format.name, await format.read(reader));
  if (!/^(\u00ef\u00bb\u00bf)?\s*[{[]/.test(head)) {
    const known = FORMATS.map(({ name }) => name).join(", ");
    throw new MediaError(`neither JSON nor a format that carries workflows (${known})`);
  }
  return readDocument(utf8(await reader.bytes(0, reader.size, "the JSON file")));
}

/** A JSON file: a workflow, a prompt, or a prompt wrapped as it is posted. */
function readDocument(text: string): Embedded {
  const value = jsonOf(text.replace(/^\ufeff/, ""));
  if (value instanceof JsonSyntaxError) throw new MediaError(`not JSON: ${value.message}`);
  if (isWorkflow(value)) return { format: "JSON", workflow: value, prompt: undefined };
  const inner = isJsonObject(value) && !isPrompt(value) ? value["prompt"] : undefined;
  return { format: "JSON", workflow: undefined, prompt: isPrompt(inner) ? inner : value };
}

/** A text that is no JSON counts as absent as long as the other one is good. */
function parsed(format: string, texts: EmbeddedTexts): Embedded {
  const workflow = texts.workflow === undefined ? undefined : jsonOf(texts.workflow);
  const prompt = texts.prompt === undefined ? undefined : jsonOf(texts.prompt);
  const found = { workflow: orNothing(workflow), prompt: orNothing(prompt) };
  if (found.workflow !== undefined || found.prompt !== undefined) return { format, ...found };
  const broken = workflow ?? prompt;
  if (broken instanceof JsonSyntaxError) {
    const what = workflow === undefined ? "prompt" : "workflow";
    throw new MediaError(`the ${what} in the ${format} file is not JSON: ${broken.message}`);
  }
  throw new MediaError(`the ${format} file carries neither a workflow nor a prompt`);
}

function orNothing(value: JsonValue | JsonSyntaxError | undefined): JsonValue | undefined {
  return value instanceof JsonSyntaxError ? undefined : value;
}

function jsonOf(text: string): JsonValue | JsonSyntaxError {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error;
    throw error;
  }
}
