import assert from "node:assert/strict";
import { test } from "node:test";
import { fileAsset } from "../../../assets/test-support.ts";
import { type AssetServer, type Json, send, startAssetServer } from "./test-server.ts";

async function fill(server: AssetServer, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    await server.assets.catalogue.putFile(
      fileAsset(`f${String(index).padStart(2, "0")}.png`, {
        size: index,
        tags: (index % 2 === 0 ? ["even", "10"] : ["odd"]).map((name) => ({ name, origin: "manual" })),
        userMetadata: `{"n": ${index % 3}}`,
      }),
    );
  }
}

async function get(server: AssetServer, path: string): Promise<Json> {
  const { status, body } = await send(server, "GET", path);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

const namesOf = (body: Json): string[] => (body["assets"] as { name: string }[]).map(({ name }) => name);

test("a listing is walked by its cursor, also while assets are added before it", async (t) => {
  const server = await startAssetServer(t);
  await fill(server, 45);
  const seen: string[] = [];
  let path = "/api/assets?limit=10";
  for (;;) {
    const body = await get(server, path);
    seen.push(...namesOf(body));
    if (body["has_more"] !== true) {
      assert.equal(body["next_cursor"], undefined);
      break;
    }
    await server.assets.catalogue.putFile(fileAsset(`later-${seen.length}`));
    path = `/api/assets?limit=10&offset=99&after=${body["next_cursor"]}`;
  }
  assert.equal(seen.length, 45);
  assert.equal(new Set(seen).size, 45);
  const page = await get(server, "/api/assets?limit=20&offset=40&sort=size&order=asc");
  assert.equal(namesOf(page).length, 9);
  assert.equal(page["total"], 49);
  assert.equal(page["has_more"], false);
  assert.deepEqual(namesOf(await get(server, "/api/assets?offset=1000")), []);
  const byAccess = await get(server, "/api/assets?sort=last_access_time&limit=1");
  assert.equal(byAccess["has_more"], true);
  assert.equal(byAccess["next_cursor"], undefined, "access times change while somebody pages");
});

test("filters come under both names, repeated or with commas, and numbers as tags keep their order", async (t) => {
  const server = await startAssetServer(t);
  await fill(server, 10);
  const count = async (query: string): Promise<unknown> =>
    (await get(server, `/api/assets?${query}`))["total"];
  assert.equal(await count("include_tags=even&include_tags=10"), 5);
  assert.equal(await count("include_tags=even,10"), 5);
  assert.equal(await count("tags_any=even&tags_any=odd"), 10);
  assert.equal(await count("exclude_tags=odd"), 5);
  assert.equal(await count("tags_none=odd,nothing&name_contains=F0"), 5);
  assert.equal(await count("tags_all=nothing"), 0);
  assert.equal(await count('metadata_filter={"n":[0,1]}&tags_all=odd'), 4);
  assert.equal(await count("unknown=parameter"), 10);
  const refined = await get(server, "/api/assets/tags/refine?tags_all=even");
  assert.deepEqual(refined["tag_counts"], { "10": 5, even: 5 });
});

test("bad queries name every problem", async (t) => {
  const server = await startAssetServer(t);
  const errors = async (path: string): Promise<[number, string, unknown]> => {
    const { status, body } = await send(server, "GET", path);
    const { code, details } = body["error"] as {
      code: string;
      details: { errors?: { type: string; loc: string[] }[] };
    };
    return [status, code, details.errors?.map(({ type, loc }) => `${loc.join()}: ${type}`)];
  };
  assert.deepEqual(await errors("/api/assets?limit=x&offset=-1&sort=y&order=z&metadata_filter={"), [
    400,
    "INVALID_QUERY",
    [
      "metadata_filter: value_error",
      "limit: int_parsing",
      "offset: greater_than_equal",
      "sort: literal_error",
      "order: literal_error",
    ],
  ]);
  for (const query of ["limit=1.5", "limit=", "limit=1e2", "limit=%00", "limit=99999999999999999999"]) {
    assert.equal((await errors(`/api/assets?${query}`))[1], "INVALID_QUERY", query);
  }
  assert.equal((await send(server, "GET", "/api/assets?limit=%205.0&offset=%2B1")).status, 200);
  const deep = encodeURIComponent(`{"a":${"[".repeat(5_000)}`);
  assert.equal((await errors(`/api/assets?metadata_filter=${deep}`))[0], 400);
  for (const query of ["after=x!", "after=AAAA", "sort=last_access_time&after=e30"]) {
    assert.deepEqual((await errors(`/api/assets?${query}`)).slice(0, 2), [400, "INVALID_CURSOR"]);
  }
  const many = Array.from({ length: 101 }, (_, index) => `t${index}`).join(",");
  assert.deepEqual((await errors(`/api/assets?tags_any=${many}`)).slice(0, 2), [400, "INVALID_TAG_FILTER"]);
  assert.deepEqual((await errors("/api/assets/tags/refine?limit=1001"))[2], ["limit: less_than_equal"]);
  assert.deepEqual(await errors(`/api/tags?include_zero=maybe&prefix=${"p".repeat(257)}`), [
    400,
    "INVALID_QUERY",
    ["prefix: string_too_long", "include_zero: bool_parsing"],
  ]);
});

test("a filter of a hundred tags and conditions is answered", async (t) => {
  const server = await startAssetServer(t);
  await fill(server, 4);
  const tags = Array.from({ length: 100 }, (_, index) => `t${index}`).join(",");
  const terms = encodeURIComponent(
    JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, null]))),
  );
  const body = await get(server, `/api/assets?tags_none=${tags}&metadata_filter=${terms}`);
  assert.equal(body["total"], 4);
});
