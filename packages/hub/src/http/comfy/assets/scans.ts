/** Bringing the catalogue and the folders together, in the background. */
import { isJsonObject, type JsonValue, parseJson } from "@hearth/protocol";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { AssetError, isRootName, type RootName } from "../../../assets/index.ts";
import { sendJson } from "../../answers.ts";
import { assetRoute, type AssetRoutesOptions } from "./operation.ts";
import { first, queryOf } from "./query.ts";

const WAITS = ["true", "1", "yes"];

export function registerAssetScans(app: FastifyInstance, options: AssetRoutesOptions): void {
  assetRoute(app, options, "POST", "/api/assets/seed", async ({ assets, request, reply }) => {
    const roots = readRoots(request);
    if (!WAITS.includes(first(queryOf(request), "wait")?.toLowerCase() ?? "")) {
      const started = await assets.startScan(roots);
      return started
        ? sendJson(reply, { status: "started" }, 202)
        : sendJson(reply, { status: "already_running" }, 409);
    }
    const result = await assets.scan(roots);
    if (result === undefined) return sendJson(reply, { status: "already_running" }, 409);
    return sendJson(reply, result);
  });

  assetRoute(app, options, "GET", "/api/assets/seed/status", async ({ assets, reply }) =>
    sendJson(reply, await assets.scanStatus()),
  );

  assetRoute(app, options, "POST", "/api/assets/seed/cancel", async ({ assets, reply }) =>
    sendJson(reply, { status: (await assets.cancelScan()) ? "cancelling" : "idle" }),
  );

  assetRoute(app, options, "POST", "/api/assets/prune", async ({ assets, reply }) => {
    const marked = await assets.prune();
    return marked === undefined
      ? sendJson(reply, { status: "scan_running", marked: 0 }, 409)
      : sendJson(reply, { status: "completed", marked });
  });
}

/** The roots that the body names; a body that is none names them all. @throws AssetError when none of them is a root */
function readRoots(request: FastifyRequest): RootName[] | undefined {
  const given = lenientBody(request);
  const roots = isJsonObject(given) ? given["roots"] : undefined;
  if (!Array.isArray(roots)) return undefined;
  const known = [...new Set(roots.filter(isRootName))];
  if (known.length === 0) throw new AssetError("INVALID_BODY", 400, "No valid roots specified");
  return known;
}

function lenientBody(request: FastifyRequest): JsonValue | undefined {
  try {
    return parseJson((request.body as Buffer | undefined)?.toString("utf8") ?? "");
  } catch {
    return undefined;
  }
}
