/** Replays what was recorded of ComfyUI against a server: `npm run conformance`. See `options.ts` for the options. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { runNodes } from "./kinds/nodes.ts";
import { runScenarios } from "./kinds/scenarios.ts";
import { runConversions } from "./kinds/ui2api.ts";
import { runWorkflows } from "./kinds/workflows.ts";
import { fitsGlob, PROJECT, readOptions, USAGE, type Kind, type Options } from "./options.ts";
import { existing, readBase, readScenarios, Seen } from "./recordings.ts";
import { Report } from "./report.ts";
import type { Run } from "./run.ts";
import { LaunchedServer } from "./server.ts";
import { Waivers } from "./waivers.ts";

const print = (line: string): void => console.log(line);

/** Runs everything that the options ask for; resolves to the exit status. */
async function main(options: Options): Promise<number> {
  const began = performance.now();
  const report = new Report(await Waivers.read(options.waivers), print);
  const base = await readBase(path.join(PROJECT, "tests", "golden", "replay", "base.json"));
  const run: Run = { options, report, base };
  const seen = new Seen();
  const folders = (kind: Kind): string[] =>
    existing(options.folders.get(kind) ?? [], (folder) => print(`absent: ${folder} (its cases are not run)`));

  for (const kind of ["http", "ws", "validation"] as const) {
    const found = await Promise.all(folders(kind).map((folder) => readScenarios(folder, seen)));
    const wanted = found
      .flat()
      .filter(
        ({ area, name }) =>
          fitsGlob(name, options.only) && (options.areas.length === 0 || options.areas.includes(area)),
      );
    await runScenarios(run, wanted);
  }
  await runNodes(run, folders("nodes"), seen);
  await runWorkflows(run, folders("workflows"), seen);
  await runConversions(run, folders("ui2api"), seen);

  if (seen.repeated > 0)
    print(`${seen.repeated} recordings lie in two folders with the same content and count once`);
  print(`${((performance.now() - began) / 1000).toFixed(0)} s`);
  report.finish();
  if (options.report !== undefined) await writeFile(options.report, JSON.stringify(report, null, 1));
  const { passed, failed } = report.counts();
  if (passed + failed === 0) print("no case fits");
  return failed > 0 || passed === 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void LaunchedServer.stopAll().then(() => process.exit(1)));
}
const options = readOptions(process.argv.slice(2), process.env);
if (options === "help") print(USAGE);
else process.exitCode = await main(options);
