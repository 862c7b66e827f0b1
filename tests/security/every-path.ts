/** Every path parameter of everything that is served, filled with paths that climb out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, SECRET, type Shared } from "./hostile.ts";
import { CLIMBS } from "./paths.ts";

/** Further spellings of another place: shares, drives, streams, and names that no file system takes. */
const PLACES = [
  "%5c%5chost%5cshare%5csecret.txt",
  "C:%5csecret.txt",
  "%2e%2e",
  "%2e",
  "link.txt",
  "link%2fsecret.txt",
  "x%00",
  "a".repeat(5_000),
];
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

interface Described {
  readonly paths: Readonly<Record<string, object>>;
}

export function testEveryPath(shared: Shared): void {
  test("no path parameter of any operation leads out of its folder", async () => {
    const server = shared();
    const { paths } = await server.json<Described>("/openapi.json");
    const described = Object.keys(paths).filter((path) => path.includes("{"));
    // What is described once is served with and without `/api`.
    const templates = new Set(described.flatMap((path) => [path, path.replace(/^\/api(?=\/)/, "")]));
    assert.ok(templates.size >= 20, `${templates.size} paths with parameters`);
    for (const template of templates) {
      for (const place of [...CLIMBS, ...PLACES].map((text) => text.replaceAll("/", "%2f"))) {
        const target = template.replace(/\{[^}]+\}/g, place);
        for (const method of METHODS) {
          const { status, body } = await ask(server, method, target, {}, method === "GET" ? "" : "{}");
          const what = `${method} ${target.slice(0, 200)}: ${status}`;
          // What is switched off says so whatever is asked.
          assert.ok(status < 500 || body.includes("SERVICE_DISABLED"), what);
          assert.ok(!body.includes(SECRET) && !body.includes("root:x:"), what);
        }
      }
    }
  });
}
