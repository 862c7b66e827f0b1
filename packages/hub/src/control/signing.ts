/** URLs that open one output for a while without a key. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { KeptOutput } from "./outputs.ts";

/** Below this path signed outputs are served. */
export const OUTPUT_PATH = "/v1/output";

export interface SignedUrlOptions {
  readonly secret: string;
  /** how long a URL works */
  readonly seconds: number;
}

export class SignedUrls {
  readonly #options: SignedUrlOptions;

  constructor(options: SignedUrlOptions) {
    this.#options = options;
  }

  /**
   * The URL of an output of a workflow. `base`: how the server is reached.
   * The signature is over the path and the second of its end, so neither can be changed.
   */
  sign(base: string, workflowId: string, output: KeptOutput, now = Date.now()): string {
    const path = outputPath(workflowId, output);
    const expires = Math.floor(now / 1000) + this.#options.seconds;
    return `${base}${path}?expires=${expires}&signature=${this.#signature(path, String(expires))}`;
  }

  /** What is wrong with a signed URL: nothing, its signature, or its age. */
  check(
    path: string,
    expires: string | undefined,
    signature: string | undefined,
    now = Date.now(),
  ): "good" | "wrong" | "expired" {
    if (expires === undefined || signature === undefined || !/^\d{1,12}$/.test(expires)) return "wrong";
    const wanted = Buffer.from(this.#signature(path, expires));
    const given = Buffer.from(signature);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return "wrong";
    return now / 1000 < Number(expires) ? "good" : "expired";
  }

  #signature(path: string, expires: string): string {
    return createHmac("sha256", this.#options.secret).update(`${path}\n${expires}`).digest("base64url");
  }
}

/** The path of an output; its name is at the end for who saves it. */
export function outputPath(workflowId: string, { id, filename }: KeptOutput): string {
  return `${OUTPUT_PATH}/${workflowId}/${id}/${encodeURIComponent(filename)}`;
}
