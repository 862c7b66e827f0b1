/** The peer as a process of its own: `node tests/workers/peer/main.ts --port N [--classes A,B]`. It behaves. */
import { parseArgs } from "node:util";
import { ComfyPeer } from "./peer.ts";

const { values } = parseArgs({ options: { port: { type: "string" }, classes: { type: "string" } } });
const peer = await ComfyPeer.start({ port: Number(values.port ?? 0), classes: values.classes?.split(",") });
console.log(`answers at ${peer.url}`);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void peer.stop());
