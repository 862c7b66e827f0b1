/** `/openapi.json` and `/reference`: what this server serves, for programs and for people. */
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { JSON_TYPE, sendText } from "../answers.ts";
import { route } from "../twin.ts";

/**
 * Registers both. `whenComplete` resolves when all operations are there. They are made at the first request, and kept. Only then is the table
 * loaded: it would be half of what a start loads.
 */
export function registerOpenApi(
  app: FastifyInstance,
  whenComplete: () => Promise<unknown> = () => Promise.resolve(),
): void {
  let description: Buffer | undefined;
  let page: Buffer | undefined;

  route(app, "GET", "/openapi.json", async (_request, reply) => {
    if (description === undefined) {
      await whenComplete();
      const { openApiDocument } = await import("./document.ts");
      description = Buffer.from(JSON.stringify(openApiDocument(app)));
    }
    return sendText(reply, description, JSON_TYPE);
  });

  route(app, "GET", "/reference", (_request, reply) => {
    page ??= Buffer.from(referencePage());
    return sendText(reply, page, "text/html; charset=utf-8");
  });
}

/** The page in one piece: it works without any other request but that for `/openapi.json`. */
function referencePage(): string {
  const part = (name: string): string => readFileSync(new URL(`page/${name}`, import.meta.url), "utf8");
  return part("page.html")
    .replace("/* style */", () => part("page.css"))
    .replace("/* script */", () => part("page.js"));
}
