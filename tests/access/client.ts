/** Sends the request of a row. */
import type { PathValues, Row } from "./row.ts";

/** The name of nothing. */
const NOTHING = "none-of-this-name";
/** Marks a request as one that a proxy took in from elsewhere. */
export const FROM_ELSEWHERE = { "x-forwarded-for": "203.0.113.7" };

export interface Sent {
  readonly key?: string | undefined;
  /** default: as the row says */
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: PathValues | undefined;
  readonly body?: unknown;
}

export interface Got {
  readonly status: number;
  /** of an event stream: nothing */
  readonly text: string;
}

/** `template`: the path of the row, or one that it is served at too. */
export async function send(url: string, row: Row, template: string, sent: Sent = {}): Promise<Got> {
  const [method = ""] = row.operation.split(" ");
  const values = { ...row.path, ...sent.path };
  const path = template.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    encodeURIComponent(values[name] ?? NOTHING),
  );
  const body = sent.body ?? (typeof row.body === "function" ? row.body() : row.body);
  const answer = await fetch(`${url}${path}${row.query === undefined ? "" : `?${row.query}`}`, {
    method,
    redirect: "manual",
    signal: AbortSignal.timeout(20_000),
    headers: {
      ...(row.asked === "elsewhere" ? FROM_ELSEWHERE : {}),
      ...sent.headers,
      ...(sent.key === undefined ? {} : { "x-api-key": sent.key }),
    },
    ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
  });
  if (answer.headers.get("content-type")?.startsWith("text/event-stream") === true) {
    await answer.body?.cancel();
    return { status: answer.status, text: "" };
  }
  return { status: answer.status, text: await answer.text() };
}
