/** `hearth doctor [flags of serve] [--json]`: what is wrong with this set-up, and what to do about it. */
import { defaultDatabaseFile } from "@hearth/hub";
import { type Folders, resolveFolders } from "@hearth/protocol";
import { FlagError, parseFlags, type ServeOptions } from "../flags.ts";
import { baseDirectory } from "../base-directory.ts";
import { givenKey, readTls } from "../serve.ts";
import { checkComfyUis } from "./comfyuis.ts";
import { failure, type Finding, ok, warn } from "./finding.ts";
import { checkDatabase, checkDisk, checkFolders, checkLink, checkPacks } from "./installation.ts";
import { checkFfmpeg, checkNode, checkPort } from "./machine.ts";
import { checkWorkers } from "./workers.ts";

/** Prints the findings, one a line; 1 when something keeps Hearth from working. */
export async function doctor(argv: readonly string[]): Promise<number> {
  const findings = await examine(argv.filter((word) => word !== "--json"));
  if (argv.includes("--json")) console.log(JSON.stringify(findings, null, 2));
  else
    for (const { level, subject, text } of findings) console.log(`${level.padEnd(4)}  ${subject}: ${text}`);
  return findings.some(({ level }) => level === "fail") ? 1 : 0;
}

/** Examines the set-up that `hearth serve` would have with these flags. */
export async function examine(argv: readonly string[]): Promise<Finding[]> {
  const findings = [checkNode(), checkFfmpeg()];
  let parsed;
  try {
    parsed = parseFlags(argv);
  } catch (error) {
    if (error instanceof FlagError) return [...findings, failure("flags", error)];
    throw error;
  }
  const { options, ignored } = parsed;
  for (const flag of ignored) findings.push(warn("flags", `${flag} means nothing here and is ignored`));
  const folders = resolveFolders({ ...options.folders, base: options.folders.base ?? baseDirectory() });
  findings.push(...checkFolders(folders), checkDisk(folders), checkLink(folders));
  findings.push(checkDatabase(options.databaseFile ?? defaultDatabaseFile(folders)));
  findings.push(checkAccess(options.allowAnonymous));
  const { tls } = options;
  if (tls !== undefined) findings.push(attempt("tls", () => readTls(tls)));
  for (const host of options.listen) {
    findings.push(await checkPort(host, options.port, tls !== undefined));
  }
  if (options.native) findings.push(...(await checkPacks(folders, options.packs)));
  return [...findings, ...(await checkAllWorkers(options, folders))];
}

async function checkAllWorkers(
  { comfyui, port, native }: ServeOptions,
  { base, output }: Folders,
): Promise<Finding[]> {
  const given = comfyui.map(({ url }) => url);
  const server = await checkWorkers(base, given);
  const isKnown = (url: string): boolean => given.some((other) => sameServer(url, other));
  const ports = server.ports.length > 0 ? server.ports : [port];
  const others = server.comfyUis.filter((url) => !isKnown(url));
  const comfyUis = [
    ...comfyui.map(({ url, command }) => ({ url, isStarted: command !== undefined })),
    ...others.map((url) => ({ url, isStarted: false })),
  ];
  const findings = [...server.findings, ...(await checkComfyUis(comfyUis, { ports, output }))];
  if (native || comfyUis.length > 0 || server.ports.length > 0) return findings;
  return [...findings, warn("workers", NO_WORKER)];
}

const NO_WORKER =
  "--no-native without --comfyui: prompts are refused until a worker joins. Add --comfyui URL, or start `hearth worker` elsewhere";

/** Whether two URLs name one ComfyUI: a worker is shown without the name and password of its URL. */
function sameServer(one: string, other: string): boolean {
  const [first, second] = [new URL(one), new URL(other)];
  const isSame = (part: "protocol" | "host"): boolean => first[part] === second[part];
  const pathOf = ({ pathname }: URL): string => pathname.replace(/\/+$/, "");
  return isSame("protocol") && isSame("host") && pathOf(first) === pathOf(second);
}

function checkAccess(allowAnonymous: boolean): Finding {
  if (allowAnonymous) {
    return warn("access", "--allow-anonymous: everybody who can reach this server may use it");
  }
  return attempt("access", () => givenKey());
}

function attempt(subject: string, check: () => unknown): Finding {
  try {
    check();
    return ok(subject, "in order");
  } catch (error) {
    return failure(subject, error);
  }
}
