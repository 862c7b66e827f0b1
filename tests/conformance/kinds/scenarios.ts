/** Replays recorded scenarios: HTTP, WebSocket, validation. */
import { isJsonObject, printJson, type JsonObject } from "@hearth/protocol";
import { withContents, type Recording } from "../recordings.ts";
import { obtainServer, unavailable, type Run } from "../run.ts";
import { needsFiles, playScenario, type StepProblem } from "../scenario.ts";
import type { ServerUnderTest } from "../server.ts";

interface Start {
  readonly flags: readonly string[];
  readonly packs: readonly string[];
  readonly files: readonly JsonObject[];
  readonly fresh: boolean;
}

function startOf(scenario: JsonObject): Start {
  const start = scenario["start"];
  const given = start !== undefined && isJsonObject(start) ? start : {};
  return {
    flags: (given["flags"] ?? []) as string[],
    packs: (given["packs"] ?? []) as string[],
    files: (given["files"] ?? []) as JsonObject[],
    fresh: given["fresh"] === true,
  };
}

/** Scenarios with equal flags and packs share one server, in order of first appearance; fresh ones have their own. */
export function groupByStart(recordings: readonly Recording[]): Recording[][] {
  const groups = Map.groupBy(recordings, ({ kind, name, scenario }) => {
    const { flags, packs, fresh } = startOf(scenario);
    return printJson([flags, packs.toSorted(), fresh ? `${kind} ${name}` : ""]);
  });
  return [...groups.values()];
}

export async function runScenarios(run: Run, recordings: readonly Recording[]): Promise<void> {
  for (const group of groupByStart(recordings)) await runGroup(run, group);
}

async function runGroup(run: Run, group: readonly Recording[]): Promise<void> {
  const { flags, packs } = startOf((group[0] as Recording).scenario);
  const reason = unavailable(run, flags, packs);
  if (reason !== undefined) {
    for (const recording of group) skip(run, recording, reason);
    return;
  }
  let server: ServerUnderTest;
  try {
    server = await obtainServer(run, flags, packs);
  } catch (error) {
    const text = `${(error as Error).message}; flags ${printJson(flags)}, packs ${printJson(packs)}`;
    for (const recording of group) add(run, recording, [{ step: -1, text }]);
    return;
  }
  try {
    for (const recording of group) {
      if (server.baseDirectory === undefined && needsFiles(recording.scenario)) {
        skip(run, recording, "it writes files, and --base is not given");
      } else add(run, recording, await playUntilCalm(run, server, recording));
    }
  } finally {
    await server.stop();
  }
}

/**
 * Recordings hold pauses of fixed length, and a busy machine can miss them. So a scenario that fails is played a second
 * time, and the report says so; one that fails for another reason fails again.
 */
async function playUntilCalm(
  run: Run,
  server: ServerUnderTest,
  recording: Recording,
): Promise<readonly StepProblem[]> {
  const first = await play(run, server, recording);
  const { fresh } = startOf(recording.scenario);
  if (first.length === 0 || fresh || run.report.waives(recording.kind, recording.name)) return first;
  const second = await play(run, server, recording);
  if (second.length === 0)
    run.report.note(`${recording.kind} ${recording.name} held at its second try: ${first[0]?.text}`);
  return second;
}

async function play(
  run: Run,
  server: ServerUnderTest,
  recording: Recording,
): Promise<readonly StepProblem[]> {
  const scenario = withContents(recording.scenario, run.base.contents) as JsonObject;
  try {
    await server.reset(startOf(scenario).files);
    return (await playScenario(server, scenario, run.options.strict)).problems;
  } catch (error) {
    return [{ step: -1, text: (error as Error).message }];
  }
}

function add(run: Run, { kind, area, name }: Recording, problems: readonly StepProblem[]): void {
  run.report.add({ kind, area, name, problems });
}

function skip(run: Run, { kind, area, name }: Recording, skipped: string): void {
  run.report.add({ kind, area, name, problems: [], skipped });
}
