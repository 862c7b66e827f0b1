/**
 * Schemas and code agree: bodies and parameters that a schema takes are accepted, those that it refuses are refused.
 * Routes check their input by hand (clients know the texts), so this is what holds the two together.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { saving } from "./prompt-graphs.ts";
import type { Contract, DescribedOperation } from "./contract.ts";
import type { Call, Session } from "./session.ts";
import type { Shared } from "./servers.ts";

const PROBES: readonly unknown[] = [null, true, false, 0, 7, -1.5, "", "x", [], ["x"], [7], {}, { a: 1 }];
const UUID = "11111111-2222-4333-8444-555555555555";
const HASH = `blake3:${"1".repeat(64)}`;

/** A body that is taken, and the operation it is for. */
interface BodyCase {
  readonly id: string;
  readonly body: Record<string, unknown>;
  readonly call?: Call;
}

/** Ids that name nothing: a body that is taken then gets 404, which is no word about the body. */
const BODIES: readonly BodyCase[] = [
  {
    id: "submitPrompt",
    body: {
      prompt: saving("agreement"),
      number: 1,
      front: false,
      client_id: "nobody",
      extra_data: {},
      partial_execution_targets: ["2"],
    },
  },
  { id: "editQueue", body: { clear: false, delete: [UUID] } },
  { id: "editHistory", body: { clear: false, delete: [UUID] } },
  { id: "freeMemory", body: { unload_models: false, free_memory: false } },
  { id: "interrupt", body: { prompt_id: UUID } },
  { id: "cancelJobs", body: { job_ids: [UUID] } },
  { id: "mergeSettings", body: { "agreement.a": 1 } },
  { id: "setSetting", body: { any: "thing" }, call: { path: { id: "agreement" } } },
  { id: "followLog", body: { clientId: "nobody", enabled: false } },
  { id: "addTags", body: { tags: ["a"] }, call: { path: { id: UUID } } },
  { id: "removeTags", body: { tags: ["a"] }, call: { path: { id: UUID } } },
  {
    id: "changeAsset",
    body: { name: "a", user_metadata: {}, preview_id: UUID },
    call: { path: { id: UUID } },
  },
  {
    id: "addAssetOfHash",
    body: { hash: HASH, name: "a", tags: ["a"], user_metadata: {}, mime_type: "a/b", preview_id: UUID },
  },
  { id: "exportAssets", body: { asset_ids: [UUID], job_ids: [UUID], name: "a" } },
];

/** Refusals of a prompt for the kind of a value; a graph that cannot run is refused in other words. */
const PROMPT_REFUSALS = [
  "invalid_json",
  "no_prompt",
  "invalid_prompt",
  "invalid_prompt_id",
  "invalid_request",
];

/** Where another status than 400 refuses a body. */
const REFUSALS = [400, 422];

const TEXTS = ["", "x", "0", "1", "-1", "1.5", "501", "true", "asc", "99999999", "a".repeat(600)];

/** Operations whose parameters can be asked with nothing else. */
const QUERIES: readonly { id: string; call?: Call }[] = [
  { id: "listHistory" },
  { id: "listJobs" },
  { id: "listAssets" },
  { id: "refineTags" },
  { id: "listTags" },
];

/** Parameters whose schema says less than is checked: the text has a grammar of its own. */
const GRAMMARS = new Set([
  "after",
  "metadata_filter",
  "tags_all",
  "tags_any",
  "tags_none",
  "include_tags",
  "exclude_tags",
]);
/** An empty value counts as absent. */
const EMPTY_IS_ABSENT = new Set(["status", "workflow_id"]);

function variants(body: Record<string, unknown>): unknown[] {
  const whole = PROBES.filter((probe) => !isPlainObject(probe));
  const members = Object.keys(body).flatMap((name) => {
    const { [name]: _removed, ...rest } = body;
    return [rest, ...PROBES.map((probe) => ({ ...body, [name]: probe }))];
  });
  return [body, {}, ...whole, ...members];
}

function typeOf({ body }: { readonly body: Buffer }): string {
  return (JSON.parse(body.toString("utf8")) as { error: { type: string } }).error.type;
}

function isPlainObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function disagreements(session: Session, { id, body, call }: BodyCase): Promise<string[]> {
  const { own } = session.findings;
  const operation = own.operation(id);
  const isLenient = (operation.object["requestBody"] as { "x-lenient"?: boolean })["x-lenient"] === true;
  const found: string[] = [];
  for (const variant of variants(body)) {
    const { response } = await session.send(id, { ...call, json: variant });
    const isRefused = REFUSALS.includes(response.status);
    const isWrong = own.checkBody(operation, variant).length > 0;
    // A lenient operation takes what it can use of an object, and says so; what the schema takes it takes too.
    const isGraph =
      isRefused && !isWrong && id === "submitPrompt" && !PROMPT_REFUSALS.includes(typeOf(response));
    const agrees = isGraph || (isLenient ? isWrong || !isRefused : isWrong === isRefused);
    if (!agrees) {
      const says = isWrong ? "refuses" : "takes";
      found.push(`${id}: the schema ${says} ${JSON.stringify(variant)}, the answer is ${response.status}`);
    }
  }
  return found;
}

async function queryDisagreements(session: Session, id: string, call: Call | undefined): Promise<string[]> {
  const { own } = session.findings;
  const operation = own.operation(id);
  const found: string[] = [];
  for (const [index, parameter] of parametersOf(operation).entries()) {
    if (parameter.in !== "query" || GRAMMARS.has(parameter.name)) continue;
    for (const text of TEXTS) {
      if (text === "" && EMPTY_IS_ABSENT.has(parameter.name)) continue;
      const { response } = await session.send(id, { ...call, query: { [parameter.name]: text } });
      const isWrong = differs(own, operation, index, text);
      if (isWrong !== (response.status === 400)) {
        const says = isWrong ? "refuses" : "takes";
        found.push(
          `${id}: the schema of ${parameter.name} ${says} ${JSON.stringify(text.slice(0, 20))}, the answer is ${response.status}`,
        );
      }
    }
  }
  return found;
}

function differs(own: Contract, operation: DescribedOperation, index: number, text: string): boolean {
  return own.checkParameter(operation, index, text).length > 0;
}

function parametersOf({ object }: DescribedOperation): { name: string; in: string }[] {
  return (object["parameters"] ?? []) as { name: string; in: string }[];
}

export function testAgreement(shared: Shared): void {
  for (const given of BODIES) {
    test(`${given.id} takes the bodies that its schema takes, and no others`, async () => {
      const { main } = shared();
      assert.deepEqual(await disagreements(main, given), []);
      await main.server.idle();
    });
  }

  for (const { id, call } of QUERIES) {
    test(`${id} takes the parameters that its schemas take, and no others`, async () => {
      assert.deepEqual(await queryDisagreements(shared().main, id, call), []);
    });
  }

  test("addUser takes the names that its schema takes, and no others", async () => {
    const { many } = shared();
    const names = ["agreement", "ü ö", "__system", " ", "", "a".repeat(128), "b".repeat(129), 7, null, ["x"]];
    for (const username of names) {
      const isWrong =
        many.findings.own.checkBody(many.findings.own.operation("addUser"), { username }).length > 0;
      const { response } = await many.send("addUser", { json: { username } });
      assert.equal(response.status === 400, isWrong, JSON.stringify(username));
    }
  });
}
