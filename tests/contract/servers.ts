/** The started servers that all cases share. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PROJECT, TestServer } from "../support/server.ts";
import { Contract } from "./contract.ts";
import { readSeed } from "./seed.ts";
import { type Findings, Session } from "./session.ts";
import { Waivers } from "./waivers.ts";

export const CONTRACT_KEY = "a-key-for-the-contract";

export interface Servers {
  /** one user, assets, the packs of the examples */
  readonly main: Session;
  /** many users, assets */
  readonly many: Session;
  /** neither; a pack with files for the web page */
  readonly plain: Session;
  readonly findings: Findings;
}

/** Gives the servers; they are there once the first test runs. */
export type Shared = () => Servers;

/** A megabyte: what is too large is small enough to be sent in a test. */
const LIMIT = ["--max-upload-size", "1"];
const PACKS = ["--custom-nodes-directory", path.join(PROJECT, "examples/custom_nodes")];

export async function startServers(): Promise<Servers> {
  process.env["API_KEY"] = CONTRACT_KEY;
  const started = await Promise.allSettled([
    TestServer.start([...LIMIT, ...PACKS, "--enable-assets"]),
    TestServer.start([...LIMIT, "--enable-assets", "--multi-user"]),
    TestServer.start(LIMIT),
  ]);
  const servers = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const [main, many, plain] = servers;
  if (main === undefined || many === undefined || plain === undefined) {
    await Promise.all(servers.map((server) => server.stop()));
    throw started.find((one) => one.status === "rejected")?.reason;
  }
  addPack(plain.base);
  const findings: Findings = {
    own: new Contract(await main.json("/openapi.json")),
    seed: readSeed(),
    waivers: Waivers.read(),
    seenOwn: new Set(),
    seenSeed: new Set(),
    skipped: 0,
  };
  return {
    main: new Session(main, findings),
    many: new Session(many, findings),
    plain: new Session(plain, findings),
    findings,
  };
}

export async function stopServers({ main, many, plain }: Servers): Promise<void> {
  await Promise.all([main, many, plain].map(({ server }) => server.stop()));
}

/** A pack of files alone: the hub reads them, no worker needs to load it. */
function addPack(base: string): void {
  const pack = path.join(base, "custom_nodes/contract-pack");
  const files: Record<string, string> = {
    "index.ts": 'export const webDirectory = "web";\nexport const nodes = [];\n',
    "web/hello.js": "",
    "example_workflows/portrait.json": '{"nodes": [], "links": []}',
    "example_workflows/folder/x.json": "{}",
    "locales/de/main.json": '{"hello": "Guten Tag"}',
    "subgraphs/blueprint.json": '{"nodes": []}',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(pack, name)), { recursive: true });
    writeFileSync(path.join(pack, name), text);
  }
}
