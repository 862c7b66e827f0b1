/** Content types by file name, and which of them are never shown in place (section 2.7). */
import path from "node:path";

const BY_EXTENSION: Readonly<Record<string, string>> = {
  // pictures
  ".apng": "image/apng",
  ".avif": "image/avif",
  ".bmp": "image/bmp",
  ".exr": "image/x-exr",
  ".gif": "image/gif",
  ".heic": "image/heic",
  ".hdr": "image/vnd.radiance",
  ".ico": "image/vnd.microsoft.icon",
  ".jfif": "image/jpeg",
  ".jpe": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".jxl": "image/jxl",
  ".pbm": "image/x-portable-bitmap",
  ".pgm": "image/x-portable-graymap",
  ".png": "image/png",
  ".pnm": "image/x-portable-anymap",
  ".ppm": "image/x-portable-pixmap",
  ".psd": "image/vnd.adobe.photoshop",
  ".svg": "image/svg+xml",
  ".svgz": "image/svg+xml",
  ".tga": "image/x-tga",
  ".tif": "image/tiff",
  ".tiff": "image/tiff",
  ".webp": "image/webp",
  // video
  ".3gp": "video/3gpp",
  ".avi": "video/x-msvideo",
  ".flv": "video/x-flv",
  ".m4v": "video/x-m4v",
  ".mkv": "video/x-matroska",
  ".mov": "video/quicktime",
  ".mp4": "video/mp4",
  ".mpeg": "video/mpeg",
  ".mpg": "video/mpeg",
  ".ogv": "video/ogg",
  ".ts": "video/mp2t",
  ".webm": "video/webm",
  ".wmv": "video/x-ms-wmv",
  // sound
  ".aac": "audio/aac",
  ".aif": "audio/x-aiff",
  ".aiff": "audio/x-aiff",
  ".flac": "audio/flac",
  ".m4a": "audio/mp4",
  ".mid": "audio/midi",
  ".mp3": "audio/mpeg",
  ".oga": "audio/ogg",
  ".ogg": "audio/ogg",
  ".opus": "audio/ogg",
  ".wav": "audio/x-wav",
  ".weba": "audio/webm",
  ".wma": "audio/x-ms-wma",
  // shapes
  ".fbx": "model/fbx",
  ".glb": "model/gltf-binary",
  ".gltf": "model/gltf+json",
  ".mtl": "model/mtl",
  ".obj": "model/obj",
  ".ply": "model/ply",
  ".splat": "model/splat",
  ".stl": "model/stl",
  ".usdz": "model/vnd.usdz+zip",
  // texts and programs
  ".css": "text/css",
  ".csv": "text/csv",
  ".htm": "text/html",
  ".html": "text/html",
  ".js": "application/javascript",
  ".json": "application/json",
  ".log": "text/plain",
  ".map": "application/json",
  ".md": "text/markdown",
  ".mjs": "application/javascript",
  ".py": "text/x-python",
  ".srt": "application/x-subrip",
  ".text": "text/plain",
  ".txt": "text/plain",
  ".vtt": "text/vtt",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".xht": "application/xhtml+xml",
  ".xhtml": "application/xhtml+xml",
  ".xml": "application/xml",
  ".xsl": "application/xml",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
  // mail
  ".eml": "message/rfc822",
  ".mht": "message/rfc822",
  ".mhtml": "message/rfc822",
  // archives, documents, fonts, weights
  ".bin": "application/octet-stream",
  ".gz": "application/gzip",
  ".otf": "font/otf",
  ".pdf": "application/pdf",
  ".safetensors": "application/safetensors",
  ".tar": "application/x-tar",
  ".ttf": "font/ttf",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".zip": "application/zip",
};

export const UNKNOWN_TYPE = "application/octet-stream";

/** The content type of a file by its name. */
export function contentTypeOf(name: string): string {
  return BY_EXTENSION[path.extname(name).toLowerCase()] ?? UNKNOWN_TYPE;
}

export type Media = "image" | "video" | "audio" | "model";
const MEDIA: readonly Media[] = ["image", "video", "audio", "model"];

/** Whether a file is a picture, a video, sound or a shape, by its name. */
export function mediaOf(name: string): Media | undefined {
  const type = contentTypeOf(name);
  return MEDIA.find((media) => type.startsWith(`${media}/`));
}

const DANGEROUS = new Set([
  "text/html",
  "text/html-sandboxed",
  "application/xhtml+xml",
  "text/javascript",
  "application/javascript",
  "application/x-javascript",
  "application/ecmascript",
  "text/css",
  "image/svg+xml",
  "application/xml",
  "text/xml",
  "message/rfc822",
]);

/** True for what a browser would run as a page of this server: it is downloaded instead. */
export function isDangerous(contentType: string): boolean {
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  return DANGEROUS.has(type) || type.endsWith("+xml") || type.endsWith("/xml");
}
