/** Reads HTTP/1.1 answers from bytes. */

export interface ResponseHead {
  readonly status: number;
  /** lower-case names; values are UTF-8 where their bytes are, else Latin-1 */
  readonly headers: readonly (readonly [string, string])[];
  /** bytes up to the body */
  readonly length: number;
}

const SEPARATOR = Buffer.from("\r\n\r\n");
const LINE = Buffer.from("\r\n");

/** Servers put UTF-8 file names into headers. */
function headerText(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString("latin1");
  }
}

/** The head of an answer, or `undefined` while it is incomplete. @throws when it is not HTTP */
export function readHead(bytes: Buffer): ResponseHead | undefined {
  const end = bytes.indexOf(SEPARATOR);
  if (end < 0) return undefined;
  const [first = "", ...lines] = headerText(bytes.subarray(0, end)).split("\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1];
  if (status === undefined) throw new Error(`not an HTTP answer: ${first.slice(0, 80)}`);
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), headers, length: end + SEPARATOR.length };
}

/**
 * The complete answer in `bytes`, or `undefined` when more must come. Interim answers (1xx) are passed over. With
 * `closed`, a body without a stated length ends here.
 * @throws when the connection was closed inside a body
 */
export function readResponse(
  bytes: Buffer,
  method: string,
  closed: boolean,
): { head: ResponseHead; body: Buffer } | undefined {
  const head = readHead(bytes);
  if (head === undefined) return undefined;
  const rest = bytes.subarray(head.length);
  if (head.status >= 100 && head.status < 200 && head.status !== 101)
    return readResponse(rest, method, closed);
  if (method === "HEAD" || head.status === 204 || head.status === 304 || head.status === 101) {
    return { head, body: Buffer.alloc(0) };
  }
  const header = (name: string): string | undefined => head.headers.find(([key]) => key === name)?.[1];
  let body: Buffer | undefined;
  if (header("transfer-encoding")?.toLowerCase().includes("chunked") === true) body = readChunks(rest);
  else if (header("content-length") !== undefined) {
    const length = Number(header("content-length"));
    body = rest.length >= length ? rest.subarray(0, length) : undefined;
  } else body = closed ? rest : undefined;
  if (body !== undefined) return { head, body };
  if (closed) throw new Error(`status ${head.status}: the connection was closed inside the body`);
  return undefined;
}

function readChunks(bytes: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(LINE, at);
    if (end < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, end), 16);
    if (!Number.isInteger(size)) throw new Error("malformed chunk size");
    at = end + LINE.length;
    // After the last chunk come trailers and an empty line.
    if (size === 0) {
      const done = bytes.subarray(at, at + 2).equals(LINE) || bytes.indexOf(SEPARATOR, at) >= 0;
      return done ? Buffer.concat(chunks) : undefined;
    }
    if (bytes.length < at + size + LINE.length) return undefined;
    chunks.push(bytes.subarray(at, at + size));
    at += size + LINE.length;
  }
}
