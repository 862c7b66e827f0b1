/** `hearth doctor [flags of serve] [--json]`: what is wrong with this set-up, and what to do about it. */
import { defaultDatabaseFile } from "@hearth/hub";
import { resolveFolders } from "@hearth/protocol";
import { FlagError, parseFlags } from "../flags.ts";
import { baseDirectory, givenKey, readTls } from "../serve.ts";
import { failure, type Finding, ok, warn } from "./finding.ts";
import { checkDatabase, checkDisk, checkFolders, checkLink, checkPacks } from "./installation.ts";
import { checkFfmpeg, checkNode, checkPort } from "./machine.ts";

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
  return [...findings, ...(await checkPacks(folders, options.packs))];
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
