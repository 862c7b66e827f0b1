/** Pictures of a page: loading them, their names, and the workflows inside them. */

/** A picture that is larger is not loaded into the browser's memory. */
const MAX_BYTES = 256 * 1024 * 1024;
const UTF8 = new TextDecoder();
const LATIN1 = new TextDecoder("latin1");

/**
 * Loads a picture, also from another site than the page.
 * @param {string} url
 * @throws {Error} with a sentence for the person
 */
export async function loadPicture(url) {
  let answer;
  try {
    answer = await fetch(url);
  } catch {
    throw new Error("The picture cannot be loaded.");
  }
  if (!answer.ok) throw new Error(`The picture cannot be loaded: ${answer.status}.`);
  if (Number(answer.headers.get("content-length") ?? 0) > MAX_BYTES)
    throw new Error("The picture is too large.");
  const picture = await answer.blob();
  if (!picture.type.startsWith("image/")) throw new Error("This is not a picture.");
  return picture;
}

/** A file name for a picture, from its address. */
export function pictureName(url, type) {
  const extension = type.split("/")[1]?.split("+")[0]?.replace("jpeg", "jpg") ?? "png";
  const last = url.startsWith("data:") || url.startsWith("blob:") ? "" : decoded(new URL(url).pathname);
  const stem = (last.split("/").pop() ?? "")
    .replace(/\.[a-z0-9]{1,5}$/i, "")
    .replace(/[^\p{L}\p{N}._ -]/gu, "_")
    .slice(0, 80);
  return `${stem === "" || stem.startsWith(".") ? "picture" : stem}.${extension}`;
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The prompt and the workflow inside a PNG or WebP picture, as JSON texts.
 * @param {Uint8Array} bytes
 * @returns {Promise<{prompt?: string, workflow?: string}>} empty when there is nothing inside
 */
export async function readEmbedded(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts = isPng(bytes)
    ? await pngTexts(bytes, view)
    : isWebp(bytes)
      ? webpTexts(bytes, view)
      : new Map();
  const found = {};
  for (const name of ["prompt", "workflow"]) {
    const text = texts.get(name);
    if (text !== undefined && isObject(text)) found[name] = text;
  }
  return found;
}

function isObject(text) {
  try {
    // Pictures of Python programs may hold NaN, which JSON has not; the server reads it.
    const value = JSON.parse(text.replace(/\bNaN\b/g, "null"));
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const isPng = (bytes) => bytes[0] === 0x89 && LATIN1.decode(bytes.subarray(1, 4)) === "PNG";
const isWebp = (bytes) =>
  LATIN1.decode(bytes.subarray(0, 4)) === "RIFF" && LATIN1.decode(bytes.subarray(8, 12)) === "WEBP";

/** Keyword → text of the chunks tEXt, zTXt and iTXt (PNG specification, section 11.3.3). */
async function pngTexts(bytes, view) {
  const texts = new Map();
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = LATIN1.decode(bytes.subarray(at + 4, at + 8));
    const data = bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
    const end = data.indexOf(0);
    if (end < 0 || !["tEXt", "zTXt", "iTXt"].includes(type)) continue;
    const keyword = LATIN1.decode(data.subarray(0, end)).toLowerCase();
    if (type === "tEXt") texts.set(keyword, UTF8.decode(data.subarray(end + 1)));
    else if (type === "zTXt") texts.set(keyword, await inflated(data.subarray(end + 2)));
    else texts.set(keyword, await internationalText(data, end));
  }
  return texts;
}

/** keyword 0 flag method language 0 translated 0 text */
async function internationalText(data, end) {
  const isCompressed = data[end + 1] === 1;
  const language = data.indexOf(0, end + 3);
  const translated = data.indexOf(0, language + 1);
  const text = data.subarray(translated + 1);
  return isCompressed ? inflated(text) : UTF8.decode(text);
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

/** `Prompt:{…}` and `Workflow:{…}` are texts of the EXIF block. */
function webpTexts(bytes, view) {
  const texts = new Map();
  for (let at = 12; at + 8 <= bytes.length;) {
    const type = LATIN1.decode(bytes.subarray(at, at + 4));
    const length = view.getUint32(at + 4, true);
    if (type === "EXIF") {
      const exif = UTF8.decode(bytes.subarray(at + 8, at + 8 + length));
      for (const text of exif.split("\0")) {
        const [, name, value] = /(prompt|workflow):\s*(\{.*\})\s*$/is.exec(text) ?? [];
        if (name !== undefined) texts.set(name.toLowerCase(), value);
      }
    }
    at += 8 + length + (length % 2);
  }
  return texts;
}
