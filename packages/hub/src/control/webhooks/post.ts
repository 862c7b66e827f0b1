/** Posting one webhook: the name is looked up for this connection alone, and no redirect is followed. */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { publicLookup } from "../../assets/tasks/public-address.ts";
import { webhookUrl } from "./endpoint.ts";

export interface PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** private addresses are allowed */
  readonly toPrivate: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Gives the status that the receiver answered.
 * @throws Error when it did not, or may not be asked
 */
export async function postWebhook(options: PostOptions): Promise<number> {
  // What is allowed may have changed since the address was registered.
  const url = new URL(webhookUrl(options.url, options.toPrivate));
  const response = await post(url, options);
  // The connection closes with it; nobody reads the body.
  response.destroy();
  return response.statusCode ?? 0;
}

function post(
  url: URL,
  { headers, body, toPrivate, timeoutMs, signal }: PostOptions,
): Promise<IncomingMessage> {
  const limit = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? https : http).request(
      url,
      {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "content-length": String(Buffer.byteLength(body)),
          "user-agent": "hearth-webhooks",
          ...headers,
        },
        // A pooled connection would skip the look-up, and with it the check of every address.
        agent: false,
        signal: AbortSignal.any([signal, limit]),
        ...(toPrivate ? {} : { lookup: publicLookup }),
      },
      resolve,
    );
    request.on("error", (error) =>
      reject(limit.aborted ? new Error(`no answer within ${timeoutMs} ms`, { cause: error }) : error),
    );
    request.end(body);
  });
}
