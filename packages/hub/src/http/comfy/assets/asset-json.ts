/** An asset as the contract shows it. Members that are null there are left out. */
import { RawJson } from "@hearth/protocol";
import type { Asset } from "../../../assets/index.ts";
import { isoMicros } from "../../../assets/times.ts";

export function assetJson(asset: Asset): Record<string, unknown> {
  const { file, hash, jobId, metadata } = asset;
  return {
    id: asset.id,
    name: asset.name,
    hash,
    loader_path: file?.loaderPath,
    display_name: file?.displayPath,
    asset_hash: hash,
    size: asset.size,
    mime_type: asset.mimeType,
    tags: asset.tags,
    preview_url: previewUrl(asset.previewFile),
    preview_id: asset.previewId,
    user_metadata: new RawJson(asset.userMetadata),
    is_immutable: false,
    metadata: metadata === undefined ? undefined : new RawJson(metadata),
    job_id: jobId,
    prompt_id: jobId,
    created_at: isoMicros(asset.createdAt),
    updated_at: isoMicros(asset.updatedAt),
    last_access_time: isoMicros(asset.lastAccessTime),
  };
}

/** What `/upload/image` says of the asset that it made. */
export function uploadedAssetJson(asset: Asset): Record<string, unknown> {
  const { id, name, hash, size, mimeType, tags } = asset;
  return { id, name, asset_hash: hash, size, mime_type: mimeType, tags };
}

/** Where `/view` shows a file; models are not shown. */
function previewUrl(file: Asset["previewFile"]): string | undefined {
  if (file === undefined || file.root === "models") return undefined;
  const at = file.displayPath.lastIndexOf("/");
  const subfolder = at < 0 ? "" : `&subfolder=${quoted(file.displayPath.slice(0, at))}`;
  return `/api/view?type=${file.root}&filename=${quoted(file.displayPath.slice(at + 1))}${subfolder}`;
}

/** Percent-encoded but for letters, digits and `_.-~` (RFC 3986, unreserved). */
export function quoted(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
