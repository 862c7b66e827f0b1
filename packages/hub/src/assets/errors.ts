/** Errors of the asset system: each is one answer in the envelope `{"error": {"code", "message", "details"}}`. */

export class AssetError extends Error {
  readonly code: string;
  /** the HTTP status */
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    status: number,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = "AssetError";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** 404: there is no asset of this id that the caller may see. */
export function assetNotFound(id: string): AssetError {
  return new AssetError("ASSET_NOT_FOUND", 404, `AssetReference ${id} not found`, { id });
}

/** 404: `id` names a preview that there is none of. */
export function previewNotFound(previewId: string, id?: string): AssetError {
  const details = id === undefined ? {} : { id };
  return new AssetError("ASSET_NOT_FOUND", 404, `Preview AssetReference ${previewId} not found`, details);
}

/** 404: nothing in the catalogue has this content, or its file is gone. */
export function contentNotFound(hash: string): AssetError {
  return new AssetError("ASSET_NOT_FOUND", 404, `Asset content ${hash} does not exist`);
}

/** 403: the asset belongs to somebody else. */
export function notOwner(id: string): AssetError {
  return new AssetError("FORBIDDEN", 403, `AssetReference ${id} belongs to another user`, { id });
}

/** 400: the body is well-formed and means nothing that can be done. */
export function invalidBody(message: string, details?: Readonly<Record<string, unknown>>): AssetError {
  return new AssetError("INVALID_BODY", 400, message, details);
}

/** 400: the cursor is not one of this listing. */
export function invalidCursor(message: string): AssetError {
  return new AssetError("INVALID_CURSOR", 400, message);
}
