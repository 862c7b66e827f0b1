/** `--enable-cors-header` (section 2.3). */

/** The headers of every answer in CORS mode. */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "POST, GET, DELETE, PUT, OPTIONS, PATCH",
    "access-control-allow-headers": "Content-Type, Authorization",
    "access-control-allow-credentials": "true",
  };
}
