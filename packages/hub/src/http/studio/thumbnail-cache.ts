/** Thumbnails on disk: each is made once for a file as it is, and the oldest go when there are too many. */
import { createHash } from "node:crypto";
import { access, stat } from "node:fs/promises";
import path from "node:path";
import type { OnDemandThread } from "../../model-catalogue/on-demand-thread.ts";
import { HttpError } from "../errors.ts";
import type { ThumbnailOrder, ThumbnailResult } from "./thumbnail-make.ts";

export interface ThumbnailParts {
  /** where they are kept */
  readonly directory: string;
  readonly thread: OnDemandThread;
  /** the program that reads videos; default: `ffmpeg` */
  readonly ffmpeg?: string | undefined;
  /** so many are kept; default 20,000 */
  readonly keep?: number | undefined;
}

const KEEP = 20_000;
/** More that wait are a page that shows everything at once. */
const MAX_WAITING = 512;
const PRUNE_EVERY = 200;

export class ThumbnailCache {
  readonly #parts: ThumbnailParts;
  readonly #making = new Map<string, Promise<string>>();
  #made = 0;

  constructor(parts: ThumbnailParts) {
    this.#parts = parts;
  }

  /**
   * A WebP file whose longer side has at most `size` pixels.
   * @param source absolute path of a picture or a video that is there
   * @throws HttpError 415 when it is neither, or cannot be read; 503 when too many wait
   */
  async fileOf(source: string, size: number): Promise<string> {
    const { size: bytes, mtimeNs } = await stat(source, { bigint: true });
    // The name says which state of the file it shows: one that changed gets another thumbnail.
    const key = createHash("sha256").update([source, bytes, mtimeNs, size].join("\0")).digest("hex");
    const target = path.join(this.#parts.directory, key.slice(0, 2), `${key}.webp`);
    const under = this.#making.get(target);
    if (under !== undefined) return under;
    const isThere = await access(target).then(
      () => true,
      () => false,
    );
    if (isThere) return target;
    const again = this.#making.get(target);
    if (again !== undefined) return again;
    if (this.#making.size >= MAX_WAITING)
      throw new HttpError(503, "Too many thumbnails are being made already");
    const making = this.#make({ source, target, size, ffmpeg: this.#parts.ffmpeg ?? "ffmpeg" }).finally(() =>
      this.#making.delete(target),
    );
    this.#making.set(target, making);
    return making;
  }

  async #make(order: ThumbnailOrder): Promise<string> {
    const { thread, directory, keep = KEEP } = this.#parts;
    const result = await thread.call<ThumbnailResult>("makeThumbnail", order);
    if ("refused" in result) {
      throw new HttpError(415, `No thumbnail of '${path.basename(order.source)}': ${result.refused}`);
    }
    this.#made += 1;
    if (this.#made % PRUNE_EVERY === 1) await thread.call("pruneThumbnails", directory, keep);
    return order.target;
  }
}
