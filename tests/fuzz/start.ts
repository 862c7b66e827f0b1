/** A server for the fuzzer: small limits, everything on, an inspector for its memory. */
import { INSPECTOR_OPTION } from "../security/hostile.ts";
import { TestServer, until } from "../support/server.ts";

export async function startFuzzed(): Promise<TestServer> {
  process.env["NODE_OPTIONS"] = `${process.env["NODE_OPTIONS"] ?? ""} ${INSPECTOR_OPTION}`;
  // glibc else raises this bound by itself and keeps freed buffers of megabytes, which would count as held.
  process.env["MALLOC_MMAP_THRESHOLD_"] = "131072";
  const server = await TestServer.start(["--max-upload-size", "2", "--enable-assets"]);
  await until("the first worker", () => server.ids().worker);
  return server;
}
