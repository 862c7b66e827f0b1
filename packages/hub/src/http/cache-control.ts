/** `Cache-Control` by path (section 2.6). */

const IMAGE = /\.(?:jpg|jpeg|png|ppm|bmp|pgm|tif|tiff|webp)$/;

/**
 * The header for an answer that did not set one. `path` is decoded and without its query.
 * A missing static picture is kept for an hour, like any missing one: a day, as recorded ComfyUI says by accident,
 * would hide a file that appears.
 */
export function cacheControl(path: string, status: number): string | undefined {
  const last = path.slice(path.lastIndexOf("/") + 1);
  if (path.endsWith(".js") || path.endsWith(".css") || (last.startsWith("index") && last.endsWith(".json"))) {
    return "no-store";
  }
  if (!IMAGE.test(path.toLowerCase())) return undefined;
  if (status === 404) return "public, max-age=3600";
  if ((status >= 200 && status <= 206) || status === 301 || status === 304 || status === 308) {
    return "public, max-age=86400";
  }
  return status === 302 || status === 303 || status === 307 ? "no-cache" : undefined;
}
