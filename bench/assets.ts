/**
 * Pages of a catalogue of assets over HTTP, and what they cost whoever else asks meanwhile:
 *
 *   node bench/assets.ts [--assets N] [--rounds N]
 *
 * The catalogue (100,000 assets by default) is made in a directory of its own, with files that are not there: only the
 * database is measured. Something changes before each page, so that no count is at hand already.
 */
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { makeFolders, resolveFolders } from "@hearth/protocol";
import { pino } from "pino";
import { Assets } from "../packages/hub/src/assets/index.ts";
import { SqliteCatalogue } from "../packages/hub/src/assets/sqlite/sqlite-catalogue.ts";
import { defaultModelFolders } from "../packages/hub/src/files/model-folders.ts";
import { registerAssets } from "../packages/hub/src/http/comfy/assets/index.ts";
import { createHttpServer } from "../packages/hub/src/http/server.ts";
import { report } from "./report.ts";
import { summary } from "./statistics.ts";
import { newBase, removeBase } from "./target.ts";

const MAX_ASSETS = 1_000_000;

/** One asset of many: every second is an output, every tenth is starred, one of a thousand is rare. */
function fill(databaseFile: string, root: string, count: number): void {
  const catalogue = new SqliteCatalogue(databaseFile);
  try {
    for (let index = 0; index < count; index += 1) {
      const name = `picture_${String(index).padStart(7, "0")}_${["cat", "dog", "fox", "owl"][index % 4]}.png`;
      const tags = [
        "output",
        `day-${index % 365}`,
        ...(index % 2 === 0 ? ["even"] : []),
        ...(index % 10 === 0 ? ["starred"] : []),
        ...(index % 1000 === 0 ? ["rare"] : []),
      ];
      catalogue.putFile({
        owner: "",
        name,
        mimeType: "image/png",
        tags: tags.map((tag) => ({ name: tag, origin: "automatic" })),
        userMetadata: `{"rating": ${index % 5}, "seed": ${index}}`,
        previewId: undefined,
        hash: `blake3:${index.toString(16).padStart(64, "0")}`,
        size: 1_000 + (index % 50_000),
        mtimeNs: String(index),
        file: { path: path.join(root, name), root: "output", loaderPath: name, displayPath: name },
        metadata: '{"kind": "image", "width": 1024, "height": 1024}',
        jobId: undefined,
      });
    }
  } finally {
    catalogue.close();
  }
}

const filter = (value: object): string => encodeURIComponent(JSON.stringify(value));

/** Name of the figure → the query of its n-th page. */
const PAGES: Readonly<Record<string, (round: number, count: number) => string>> = {
  "first page": () => "",
  "page in the middle, by offset": (round, count) => `?offset=${Math.floor(count / 2) + round}`,
  "one frequent tag": (round) => `?tags_all=even&offset=${round}`,
  "two frequent tags, by name": (round) => `?tags_all=even,output&sort=name&offset=${round}`,
  "one tag of a few": (round) => `?tags_all=day-${round % 365}`,
  "a rare and a frequent tag": (round) => `?tags_all=rare,even&sort=size&offset=${round % 20}`,
  "without a tag": (round) => `?tags_none=starred&offset=${round}`,
  "name contains, few": (round) => `?name_contains=${1000 + round}_`,
  "name contains, many": (round) => `?name_contains=CAT&sort=name&order=asc&offset=${round}`,
  "metadata, one": (round) => `?metadata_filter=${filter({ seed: round * 7 })}`,
  "metadata, many, with a tag": (round) =>
    `?metadata_filter=${filter({ rating: round % 5 })}&tags_all=starred`,
  "500 assets": (round) => `?limit=500&offset=${round}`,
};

const OTHERS: Readonly<Record<string, (round: number) => string>> = {
  "all tags": () => "/api/tags",
  "tags that narrow a frequent one": () => "/api/assets/tags/refine?tags_all=even",
};

const agent = new http.Agent({ keepAlive: true });

function get(url: string): Promise<{ ms: number; text: string }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve({ ms: performance.now() - began, text });
          else reject(new Error(`${url} answered ${response.statusCode}: ${text}`));
        });
      })
      .on("error", reject);
  });
}

async function measure(
  name: string,
  rounds: number,
  urlOf: (round: number) => string,
  before: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  await get(urlOf(rounds));
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await before();
    times.push((await get(urlOf(round))).ms);
  }
  const { p50, p99 } = summary(times);
  report(`assets: ${name}, p50`, p50, "ms");
  report(`assets: ${name}, p99`, p99, "ms");
}

/** How long another request waits while counts over everything run. */
async function measureWaiting(url: string, rounds: number): Promise<void> {
  let isDone = false;
  // Each asks for another number of tags, so that no answer is at hand.
  const load = (async () => {
    for (let limit = 1; !isDone; limit += 1) {
      await get(`${url}/api/assets/tags/refine?tags_all=even&limit=${(limit % 1000) + 1}`);
    }
  })();
  await measure("a plain answer beside counts", rounds, () => `${url}/plain`);
  isDone = true;
  await load;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      assets: { type: "string", default: "100000" },
      rounds: { type: "string", default: "100" },
    },
  });
  const count = Math.min(MAX_ASSETS, Math.max(1, Number(values.assets) || 1));
  const rounds = Math.max(1, Number(values.rounds) || 1);
  const base = newBase();
  const folders = resolveFolders({ base });
  makeFolders(folders);
  const modelFolders = defaultModelFolders(folders);
  const log = pino({ level: "silent" });
  const began = performance.now();
  fill(path.join(folders.studio, "assets.db"), folders.output, count);
  report(`assets: registering ${count}, each`, (performance.now() - began) / count, "ms");

  const assets = await Assets.open({ folders, modelFolders, broadcast: () => undefined, log });
  const app = createHttpServer({
    folders,
    modelFolders,
    log,
    maxUploadBytes: 1024 * 1024,
    compress: false,
    csp: false,
    featureFlags: {},
    argv: [],
    auth: { allowAnonymous: false, sessionSecret: "bench" },
  });
  registerAssets(app, { assets, uploadDirectory: folders.input, maxUploadBytes: 1024 * 1024 });
  app.get("/plain", () => "plain");
  try {
    await app.listen({ host: "127.0.0.1", port: 0 });
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const { text } = await get(`${url}/api/assets?limit=1`);
    const { assets: listed } = JSON.parse(text) as { assets: { id: string }[] };
    // Counts are kept until something changes; so something does, before each page.
    let changes = 0;
    const change = (): Promise<unknown> =>
      assets.catalogue.addTags(listed[0]?.id ?? "", "", [`change-${(changes += 1)}`]);
    for (const [name, queryOf] of Object.entries(PAGES)) {
      await measure(name, rounds, (round) => `${url}/api/assets${queryOf(round, count)}`, change);
    }
    for (const [name, pathOf] of Object.entries(OTHERS)) {
      await measure(name, rounds, (round) => url + pathOf(round), change);
    }
    await measureWaiting(url, rounds);
  } finally {
    agent.destroy();
    app.server.closeAllConnections();
    await app.close();
    await assets.close();
    removeBase(base);
  }
}

await main();
