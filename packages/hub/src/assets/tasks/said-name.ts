/** What a server calls a file. */
import type { IncomingHttpHeaders } from "node:http";

/** The name in `Content-Disposition` (RFC 6266); undefined: it says none. A name from outside: to be made safe. */
export function saidName(headers: IncomingHttpHeaders): string | undefined {
  const value = headers["content-disposition"] ?? "";
  const encoded = /filename\*\s*=\s*utf-8''([^;]+)/i.exec(value)?.[1];
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded.trim());
    } catch {
      // A name that cannot be decoded is none.
    }
  }
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(value);
  return plain?.[1]?.replace(/\\(.)/g, "$1") ?? plain?.[2];
}
