/** Contents as fixtures describe them: of request bodies, of multipart parts, of files. */
import { randomBytes } from "node:crypto";
import { isJsonObject, printJson, toNumber, type JsonObject, type JsonValue } from "@hearth/protocol";

export type Substitute = (value: JsonValue) => JsonValue;

export interface EncodedBody {
  readonly bytes: Buffer;
  /** sent unless the headers of the request name a content type */
  readonly contentType: string | undefined;
}

/** The bytes of one content form (`json`, `text`, `base64`, `fill`). @throws when the form is unknown */
export function contentBytes(form: JsonObject, substitute: Substitute = (value) => value): Buffer {
  if (form["json"] !== undefined) return Buffer.from(printJson(substitute(form["json"])));
  if (form["text"] !== undefined) return Buffer.from(String(substitute(form["text"])));
  if (form["base64"] !== undefined) return Buffer.from(String(form["base64"]), "base64");
  const fill = form["fill"];
  if (fill !== undefined && isJsonObject(fill))
    return Buffer.alloc(toNumber(fill["count"]), toNumber(fill["byte"]));
  throw new Error(`unknown content form: ${Object.keys(form).join(", ")}`);
}

/** Encodes a request body with the content type that its form implies. */
export function encodeBody(form: JsonObject, substitute: Substitute = (value) => value): EncodedBody {
  if (Array.isArray(form["multipart"])) return multipart(form["multipart"] as JsonObject[], substitute);
  const contentType = form["json"] === undefined ? undefined : "application/json";
  return { bytes: contentBytes(form, substitute), contentType };
}

/** File names go out as raw UTF-8, as browsers and ComfyUI's clients send them. */
function multipart(parts: readonly JsonObject[], substitute: Substitute): EncodedBody {
  const boundary = `----golden${randomBytes(16).toString("hex")}`;
  const chunks = parts.flatMap((part) => {
    const filename = part["filename"];
    const disposition =
      `form-data; name="${String(part["name"])}"` +
      (filename === undefined ? "" : `; filename="${String(substitute(filename))}"`);
    const type = part["content_type"] ? `Content-Type: ${String(part["content_type"])}\r\n` : "";
    const head = `--${boundary}\r\nContent-Disposition: ${disposition}\r\n${type}\r\n`;
    return [Buffer.from(head), contentBytes(part, substitute), Buffer.from("\r\n")];
  });
  const bytes = Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
  return { bytes, contentType: `multipart/form-data; boundary=${boundary}` };
}
