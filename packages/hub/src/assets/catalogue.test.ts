import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Asset } from "./asset.ts";
import type { AssetCatalogue, AssetFilter, AssetPage, SortField } from "./catalogue.ts";
import { SORT_FIELDS } from "./catalogue.ts";
import { decodeCursor, encodeCursor, hasCursor, sortValue } from "./cursor.ts";
import { AssetError } from "./errors.ts";
import { parseJson } from "@hearth/protocol";
import { EVERYTHING, fileAsset, hashNumber, openAssets, query } from "./test-support.ts";
import { metadataValue } from "./user-metadata.ts";

const tags = (...names: string[]) => names.map((name) => ({ name, origin: "manual" as const }));

async function names(catalogue: AssetCatalogue, more: Parameters<typeof query>[0]): Promise<string[]> {
  return (await catalogue.list(query({ sort: "name", order: "asc", limit: 500, ...more }))).assets.map(
    ({ name }) => name,
  );
}

function isError(code: string, status: number): (error: unknown) => boolean {
  return (error) => error instanceof AssetError && error.code === code && error.status === status;
}

test("a registered file is an asset, and its content another asset's too", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  const { asset, isNew } = await catalogue.putFile(
    fileAsset("a.txt", {
      hash: hashNumber(1),
      tags: tags("b", "a"),
      userMetadata: '{"seed": 18446744073709551615, "scale": 1.0}',
      jobId: "job",
      metadata: '{"kind": "text"}',
    }),
  );
  assert.equal(isNew, true);
  assert.deepEqual(asset.tags, ["a", "b"]);
  assert.equal(
    asset.userMetadata,
    '{"seed": 18446744073709551615, "scale": 1.0, "filename": "a.txt"}',
    "numbers stay exact",
  );
  assert.deepEqual(await catalogue.get(asset.id, ""), asset);

  const same = await catalogue.addOccurrence({
    owner: "",
    name: "copy",
    mimeType: undefined,
    tags: [],
    userMetadata: "{}",
    previewId: asset.id,
    hash: hashNumber(1),
  });
  assert.equal(same?.hash, asset.hash);
  assert.equal(same?.file, undefined);
  assert.equal(same?.previewFile?.displayPath, "a.txt");
  const files = await catalogue.contentOf(same?.id ?? "");
  assert.deepEqual(
    files.map(({ file }) => file.displayPath),
    ["a.txt"],
  );
  const unknown = { ...fileAsset("x"), hash: hashNumber(2) };
  assert.equal(await catalogue.addOccurrence(unknown), undefined);
  await assert.rejects(
    catalogue.putFile(fileAsset("y", { previewId: "00000000-0000-4000-8000-000000000001" })),
    isError("ASSET_NOT_FOUND", 404),
  );
});

test("a path that is registered again keeps its id, and what a user set while its bytes are the same", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  const first = await catalogue.putFile(fileAsset("a.txt", { hash: hashNumber(1) }));
  await catalogue.update(first.asset.id, "", { name: "mine", userMetadata: '{"k": 1}' });
  const again = await catalogue.putFile(fileAsset("a.txt", { hash: hashNumber(1), tags: tags("t") }));
  assert.equal(again.isNew, false);
  assert.equal(again.asset.id, first.asset.id);
  assert.equal(again.asset.name, "mine");
  assert.equal(again.asset.userMetadata, '{"k": 1, "filename": "a.txt"}');
  assert.deepEqual(again.asset.tags, ["t"]);
  const other = await catalogue.putFile(fileAsset("a.txt", { hash: hashNumber(2) }));
  assert.equal(other.asset.id, first.asset.id);
  assert.equal(other.asset.name, "a.txt");
  assert.deepEqual(await catalogue.filesOf(hashNumber(1)), [], "the old content is gone");
});

test("pages meet without a gap in every order, also where values are equal", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  for (let index = 0; index < 90; index += 1) {
    await catalogue.putFile(
      fileAsset(`n${index % 7}`, {
        size: index % 5,
        file: { path: `/x/${index}`, root: "output", loaderPath: "x", displayPath: "x" },
      }),
    );
  }
  for (const sort of SORT_FIELDS) {
    for (const order of ["asc", "desc"] as const) {
      const whole = await catalogue.list(query({ sort, order, limit: 500 }));
      assert.equal(whole.total, 90);
      assert.equal(whole.hasMore, false);
      assertSorted(whole.assets, sort, order);
      const ids = whole.assets.map(({ id }) => id);
      const byOffset: string[] = [];
      for (let offset = 0; offset < 90; offset += 20) {
        byOffset.push(...(await catalogue.list(query({ sort, order, offset }))).assets.map(({ id }) => id));
      }
      assert.deepEqual(byOffset, ids);
      if (!hasCursor(sort)) continue;
      const byCursor: string[] = [];
      for (let page: AssetPage | undefined; page === undefined || page.hasMore;) {
        const last = page?.assets.at(-1);
        const after =
          last === undefined ? undefined : decodeCursor(encodeCursor(last, sort, order), sort, order);
        page = await catalogue.list(query({ sort, order, after }));
        byCursor.push(...page.assets.map(({ id }) => id));
      }
      assert.deepEqual(byCursor, ids);
    }
  }
});

function assertSorted(assets: readonly Asset[], sort: SortField, order: "asc" | "desc"): void {
  const keys = assets.map((asset) => [sortValue(asset, sort), asset.id] as const);
  const sorted = keys.toSorted(([value, id], [other, otherId]) =>
    value < other ? -1 : value > other ? 1 : id < otherId ? -1 : 1,
  );
  assert.deepEqual(keys, order === "asc" ? sorted : sorted.reverse());
}

test("names are searched literally and in whatever case", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  for (const name of ["100%.png", "100x.png", "a_b.png", "aXb.png", "Straße.png", 'q"uote.png', "ab"]) {
    await catalogue.putFile(fileAsset(name));
  }
  assert.deepEqual(await names(catalogue, { nameContains: "100%" }), ["100%.png"]);
  assert.deepEqual(await names(catalogue, { nameContains: "A_B" }), ["a_b.png"]);
  assert.deepEqual(await names(catalogue, { nameContains: "STRASSE" }), []);
  assert.deepEqual(await names(catalogue, { nameContains: "STRAßE" }), ["Straße.png"]);
  assert.deepEqual(await names(catalogue, { nameContains: 'q"uo' }), ['q"uote.png']);
  assert.deepEqual(await names(catalogue, { nameContains: "b" }), ["aXb.png", "a_b.png", "ab"]);
  assert.deepEqual(await names(catalogue, { nameContains: "' OR 1=1 --" }), []);
  const { assets } = await catalogue.list(query({ nameContains: "ab", limit: 1 }));
  await catalogue.update(assets[0]?.id ?? "", "", { name: "renamed" });
  assert.deepEqual(await names(catalogue, { nameContains: "rename" }), ["renamed"]);
  await catalogue.remove(assets[0]?.id ?? "", "", false);
  assert.deepEqual(await names(catalogue, { nameContains: "rename" }), []);
});

/** Numbers that look random and are the same each time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("filters give what trying every asset gives", async (t) => {
  await tryFilters(t, ["", "", "ann", "bob"], 7);
});

test("and so they do when everything is everybody's, and numbers need no counting", async (t) => {
  await tryFilters(t, [""], 8);
});

async function tryFilters(t: TestContext, owners: readonly string[], seed: number): Promise<void> {
  const { catalogue } = (await openAssets(t)).assets;
  const random = generator(seed);
  const words = ["input", "cat", "dog", "red", "blue", "big"];
  const values = ['"x"', "1", "1.0", "2", "true", '["x", 1]', '{"a": 1}', "null"];
  const made: { asset: Asset; meta: Record<string, string> }[] = [];
  for (let index = 0; index < 250; index += 1) {
    const meta: Record<string, string> = {};
    for (const key of ["k", "l"]) if (random(3) > 0) meta[key] = values[random(values.length)] ?? "";
    const { asset } = await catalogue.putFile(
      fileAsset(`${words[random(6)]}-${index}`, {
        owner: owners[random(owners.length)] ?? "",
        tags: tags("all", ...words.filter(() => random(3) === 0)),
        userMetadata: `{${Object.entries(meta)
          .map(([key, value]) => `"${key}": ${value}`)
          .join(", ")}}`,
      }),
    );
    if (random(10) === 0) await catalogue.remove(asset.id, asset.owner, false);
    else made.push({ asset, meta });
  }
  const pick = (): string[] => ["all", ...words].filter(() => random(6) === 0);
  for (let round = 0; round < 150; round += 1) {
    const value = values[random(7)] ?? "";
    const filter: AssetFilter = {
      viewer: owners[random(owners.length)] ?? "",
      tagsAll: pick(),
      tagsAny: random(2) === 0 ? pick() : [],
      tagsNone: random(2) === 0 ? pick() : [],
      nameContains: random(3) === 0 ? ["CAT", "e", "re"][random(3)] : undefined,
      metadata:
        random(2) === 0
          ? []
          : random(4) === 0
            ? [{ key: "k", kind: "absent" }]
            : [{ key: "k", kind: "any", values: [metadataValue(parseJson(value)) ?? ""] }],
    };
    const expected = made.filter(({ asset, meta }) => fits(asset, meta, filter, value));
    const page = await catalogue.list(query({ ...filter, sort: "name", order: "asc", limit: 500 }));
    assert.deepEqual(
      page.assets.map(({ id }) => id),
      expected
        .map(({ asset }) => asset)
        .toSorted((one, other) => (one.name < other.name ? -1 : 1))
        .map(({ id }) => id),
      JSON.stringify(filter),
    );
    assert.equal(page.total, expected.length);
    const counts = new Map<string, number>();
    for (const { asset } of expected) {
      for (const tag of asset.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    assert.deepEqual(
      await catalogue.refine(filter, 100),
      [...counts]
        .map(([name, count]) => ({ name, count }))
        .toSorted((one, other) => other.count - one.count || (one.name < other.name ? -1 : 1)),
    );
  }
}

/** The words of the contract, read again and slowly. */
function fits(asset: Asset, meta: Record<string, string>, filter: AssetFilter, wanted: string): boolean {
  const has = (tag: string): boolean => asset.tags.includes(tag);
  const term = filter.metadata[0];
  const stored = meta["k"];
  const plain = (text: string): unknown => JSON.parse(text) as unknown;
  const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
  const matches =
    term === undefined ||
    (term.kind === "absent"
      ? stored === undefined || stored === "null"
      : stored !== undefined &&
        (same(plain(stored), plain(wanted)) ||
          (Array.isArray(plain(stored)) &&
            (plain(stored) as unknown[]).some((item) => same(item, plain(wanted))))));
  const isList = wanted.startsWith("[") && term?.kind === "any";
  return (
    ["", filter.viewer].includes(asset.owner) &&
    filter.tagsAll.every(has) &&
    (filter.tagsAny.length === 0 || filter.tagsAny.some(has)) &&
    !filter.tagsNone.some(has) &&
    (filter.nameContains === undefined ||
      asset.name.toLowerCase().includes(filter.nameContains.toLowerCase())) &&
    // A whole list is no term: a query asks for its elements, and the catalogue keeps only these.
    (isList ? false : matches)
  );
}

test("tags: added once, removed, counted, listed", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  const { asset } = await catalogue.putFile(fileAsset("a", { tags: tags("x") }));
  await catalogue.putFile(fileAsset("b", { tags: tags("x", "tea") }));
  assert.deepEqual(await catalogue.addTags(asset.id, "", ["z", "x", "Tea"]), {
    added: ["Tea", "z"],
    alreadyPresent: ["x"],
    total: ["Tea", "x", "z"],
  });
  assert.deepEqual(await catalogue.removeTags(asset.id, "", ["z", "nope"]), {
    removed: ["z"],
    notPresent: ["nope"],
    total: ["Tea", "x"],
  });
  const list = async (more: object): Promise<[string, number][]> =>
    (
      await catalogue.tags({
        viewer: "",
        prefix: "",
        search: "",
        order: "count_desc",
        includeZero: true,
        limit: 100,
        offset: 0,
        ...more,
      })
    ).tags.map(({ name, count }) => [name, count]);
  assert.deepEqual(await list({}), [
    ["x", 2],
    ["Tea", 1],
    ["tea", 1],
    ["z", 0],
  ]);
  assert.deepEqual(await list({ includeZero: false, order: "name_asc", limit: 2, offset: 1 }), [
    ["tea", 1],
    ["x", 2],
  ]);
  assert.deepEqual(await list({ prefix: "te" }), [["tea", 1]]);
  assert.deepEqual(await list({ search: "EA" }), [
    ["Tea", 1],
    ["tea", 1],
  ]);
  assert.deepEqual(await list({ prefix: "%" }), []);
  await catalogue.remove(asset.id, "", false);
  assert.deepEqual(await list({ includeZero: false }), [
    ["tea", 1],
    ["x", 1],
  ]);
  await assert.rejects(catalogue.addTags(asset.id, "", ["y"]), isError("ASSET_NOT_FOUND", 404));
});

test("what belongs to one user does not exist for another", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  const { asset } = await catalogue.putFile(fileAsset("a", { owner: "ann" }));
  assert.equal(await catalogue.get(asset.id, "bob"), undefined);
  assert.equal(await catalogue.get(asset.id, ""), undefined);
  assert.equal((await catalogue.get(asset.id, "ann"))?.id, asset.id);
  await assert.rejects(catalogue.update(asset.id, "bob", { name: "b" }), isError("FORBIDDEN", 403));
  assert.equal(await catalogue.remove(asset.id, "bob", true), undefined);
});

test("deleting: the row stays without its content, all goes with it, and shared content stays", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  const put = (name: string) => catalogue.putFile(fileAsset(name, { hash: hashNumber(1) }));
  const [one, other] = [(await put("one")).asset, (await put("other")).asset];
  assert.deepEqual(await catalogue.remove(one.id, "", true), { files: [] }, "the other has this content");
  assert.equal((await catalogue.filesOf(hashNumber(1))).length, 2, "a deleted asset's file can be read");
  const removed = await catalogue.remove(other.id, "", true);
  assert.deepEqual(removed?.files.map(({ displayPath }) => displayPath).sort(), ["one", "other"]);
  assert.equal(await catalogue.remove(other.id, "", true), undefined);
  assert.deepEqual(await catalogue.filesOf(hashNumber(1)), []);
  const soft = (await put("soft")).asset;
  assert.deepEqual(await catalogue.remove(soft.id, "", false), { files: [] });
  assert.equal((await catalogue.filesOf(hashNumber(1))).length, 1);
  assert.notEqual((await put("soft")).asset.id, soft.id, "an id that was deleted never comes back");
});

test("counts follow changes at once", async (t) => {
  const { catalogue } = (await openAssets(t)).assets;
  const total = async (): Promise<number> => (await catalogue.list(query({ tagsAll: ["x"] }))).total;
  assert.equal(await total(), 0);
  const { asset } = await catalogue.putFile(fileAsset("a", { tags: tags("x") }));
  assert.equal(await total(), 1);
  await catalogue.removeTags(asset.id, "", ["x"]);
  assert.equal(await total(), 0);
  assert.deepEqual(await catalogue.refine(EVERYTHING, 10), []);
});

test("the catalogue is there again after a restart; one of a newer program is refused", async (t) => {
  const under = await openAssets(t);
  const { asset } = await under.assets.catalogue.putFile(fileAsset("a"));
  const again = await under.reopen();
  assert.equal((await again.catalogue.get(asset.id, ""))?.name, "a");
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(`${under.folders.studio}/assets.db`);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await assert.rejects(under.reopen(), /schema 99/);
});
