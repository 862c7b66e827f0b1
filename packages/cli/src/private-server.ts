/** A server for one purpose: on any free port of this machine, gone when it is done. */
import { createServer } from "./serve.ts";

export interface PrivateServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server below `base` and waits until its worker is there. */
export async function startPrivateServer(base: string): Promise<PrivateServer> {
  const hub = await createServer(["--base-directory", base, "--port", "0"], { logLevel: "warn" });
  await hub.ready;
  const [url] = hub.urls;
  if (url === undefined) throw new Error("the server listens nowhere");
  return { url, stop: () => hub.stop() };
}
