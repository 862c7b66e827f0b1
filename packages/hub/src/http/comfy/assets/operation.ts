/** What all operations on assets share: the envelope of errors, 503 while the system is off, ids as the contract routes them. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AssetError, type Assets } from "../../../assets/index.ts";
import { sendJson } from "../../answers.ts";
import { EmptyError, HttpError, InvalidJsonError, statusText } from "../../errors.ts";
import { drainBody } from "../../request-body.ts";
import { type Handler, type Method, notAllowed, route } from "../../twin.ts";

export interface AssetRoutesOptions {
  /** absent: the system is off, or its database could not be opened */
  readonly assets: Assets | undefined;
  /** whose assets a request sees besides everybody's; default: nobody's, `""` */
  readonly viewerOf?: (request: FastifyRequest) => string;
  /** where uploads arrive */
  readonly uploadDirectory: string;
  /** limit of an upload's body in bytes */
  readonly maxUploadBytes: number;
}

/** One request to an operation that is on. */
export interface AssetRequest {
  readonly assets: Assets;
  readonly viewer: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export type AssetHandler = (given: AssetRequest) => Promise<FastifyReply>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const DISABLED = new AssetError(
  "SERVICE_DISABLED",
  503,
  "Assets system is disabled. Start the server with --enable-assets to use this feature.",
);

/** The handler with its errors in the envelope `{"error": {"code", "message", "details"}}`. */
export function operation(options: AssetRoutesOptions, handler: AssetHandler): Handler {
  return async (request, reply) => {
    try {
      const { assets, viewerOf } = options;
      if (assets === undefined) throw DISABLED;
      return await handler({ assets, viewer: viewerOf?.(request) ?? "", request, reply });
    } catch (error) {
      const answer = asAssetError(error);
      if (answer.status >= 500 && answer !== DISABLED) {
        request.log.error({ err: error, method: request.method }, "an asset operation failed");
      }
      drainBody(request);
      return sendError(reply, answer);
    }
  };
}

/** Registers an operation under a path without an id. */
export function assetRoute(
  app: FastifyInstance,
  options: AssetRoutesOptions,
  method: Method,
  path: string,
  handler: AssetHandler,
): void {
  route(app, method, path, operation(options, handler));
}

/** Registers an operation under a path with `:id`. What is no UUID is no id: such a path does not exist. */
export function idRoute(
  app: FastifyInstance,
  options: AssetRoutesOptions,
  method: Method,
  path: string,
  handler: (given: AssetRequest, id: string) => Promise<FastifyReply>,
): void {
  const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;
  const run = operation(options, (given) => handler(given, idOf(given.request).toLowerCase()));
  route(app, method, path, (request, reply) => {
    if (isUuid(idOf(request))) return run(request, reply);
    const reads = request.method === "GET" || request.method === "HEAD";
    return reads ? reply.callNotFound() : notAllowed(reply, ["GET", "HEAD"]);
  });
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

export function sendError(reply: FastifyReply, { code, message, details, status }: AssetError): FastifyReply {
  return sendJson(reply, { error: { code, message, details } }, status);
}

function asAssetError(error: unknown): AssetError {
  if (error instanceof AssetError) return error;
  if (error instanceof InvalidJsonError) {
    return new AssetError("INVALID_JSON", 400, "Request body must be valid JSON.");
  }
  if (error instanceof HttpError || error instanceof EmptyError) {
    const { statusCode } = error;
    const code =
      statusCode === 413 ? "PAYLOAD_TOO_LARGE" : statusCode === 507 ? "UPLOAD_IO_ERROR" : "INVALID_BODY";
    return new AssetError(code, statusCode, statusText(statusCode));
  }
  return new AssetError("INTERNAL", 500, "Unexpected server error.");
}
