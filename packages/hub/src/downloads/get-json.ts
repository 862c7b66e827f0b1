/** A JSON answer of another server, bounded. */
import { parseJson, JsonSyntaxError, type JsonValue } from "@hearth/protocol";
import { DownloadError } from "./errors.ts";
import { openUrl, type Reach, retryAfterMs } from "./open-url.ts";

const LIMITS = { maxValues: 200_000, maxDigits: 400 };

/**
 * Asks an address for JSON. `undefined`: it answered 404.
 * @throws DownloadError for every other answer, or one that is longer than `maxBytes` or no JSON
 */
export async function getJson(
  url: URL,
  reach: Reach,
  maxBytes: number,
  signal: AbortSignal,
): Promise<JsonValue | undefined> {
  const response = await openUrl(url, reach, { accept: "application/json" }, signal);
  try {
    const status = response.statusCode ?? 0;
    if (status === 404) return undefined;
    if (status !== 200) {
      const isPassing = status === 429 || status >= 500;
      throw new DownloadError(`The server answered ${status}`, {
        isPassing,
        retryAfterMs: retryAfterMs(response),
      });
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new DownloadError(`The answer is longer than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return parseJson(Buffer.concat(chunks).toString("utf8"), LIMITS);
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new DownloadError("The server's answer is not JSON");
    throw error;
  } finally {
    response.destroy();
  }
}
