/** Where Studio's socket is. */
export const STUDIO_SOCKET_PATH = "/api/run/ws";
