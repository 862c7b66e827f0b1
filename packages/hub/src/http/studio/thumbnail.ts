/** `GET /api/admin/assets/thumbnail?path=&size=`: a small WebP of an input or output file. */
import type { Folders } from "@hearth/protocol";
import Type from "typebox";
import { HttpError } from "../errors.ts";
import type { Register } from "../own-contract.ts";
import { openFile, sendFile } from "../send-file.ts";
import { checkedQuery } from "../validate.ts";
import { existingAsset } from "./assets-path.ts";
import type { ThumbnailCache } from "./thumbnail-cache.ts";

export const QUERY = Type.Object({
  path: Type.String({ minLength: 1 }),
  size: Type.Optional(Type.Integer({ minimum: 16, maximum: 1024 })),
});
const DEFAULT_SIZE = 256;

export function registerThumbnail(register: Register, folders: Folders, thumbnails: ThumbnailCache): void {
  register("GET", "/api/admin/assets/thumbnail", "read", async (request, reply) => {
    const { path: name, size = DEFAULT_SIZE } = checkedQuery(request, QUERY);
    const asset = await existingAsset(folders, name);
    const handle = await openFile(await thumbnails.fileOf(asset.file, size));
    // It was the oldest of too many in this very moment.
    if (handle === undefined || handle === "directory") throw new HttpError(503, "Ask again");
    return sendFile(request, reply, handle, {
      contentType: "image/webp",
      // The file behind the same path may change: to be asked again, which costs a 304.
      headers: { "cache-control": "private, no-cache", "x-content-type-options": "nosniff" },
    });
  });
}
