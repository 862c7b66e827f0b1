/** Names that climb out of their folder, spelled in every way that somebody may decode. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import type { HttpResponse } from "../conformance/client.ts";
import type { TestServer } from "../support/server.ts";
import { ask, postPrompt, SECRET, type Shared, upload } from "./hostile.ts";

const TYPES = ["input", "output", "temp"] as const;

/** Ways to write a path that leads to `secret.txt` beside the folder, as a query value. */
export const CLIMBS = [
  "../secret.txt",
  "%2e%2e/secret.txt",
  "..%2fsecret.txt",
  "%2e%2e%2fsecret.txt",
  "%252e%252e%252fsecret.txt",
  "%25252e%25252e%25252fsecret.txt",
  "..%5csecret.txt",
  "%c0%ae%c0%ae%c0%afsecret.txt",
  "%e0%80%ae%e0%80%ae/secret.txt",
  "....//secret.txt",
  "./../secret.txt",
  "a/../../secret.txt",
  "../secret.txt%00.png",
  "%00../secret.txt",
  "../secret.txt%20[input]",
  "../../../../../../../../etc/passwd",
  "/etc/passwd",
  "%2fetc%2fpasswd",
  "//etc/passwd",
  "%252fetc%252fpasswd",
  "file:///etc/passwd",
] as const;

/** The answer is a refusal and has nothing foreign in it. */
export function assertRefused({ status, body }: HttpResponse, what: string): void {
  assert.ok(status >= 400 && status < 500, `${what}: ${status}`);
  assert.ok(!body.includes(SECRET) && !body.includes("root:"), what);
}

/** Puts secrets beside the folders, and links to them into every folder. */
export function plantSecrets(server: TestServer): void {
  const outside = path.join(server.base, "outside");
  mkdirSync(outside);
  for (const file of ["secret.txt", "outside/secret.txt"])
    writeFileSync(path.join(server.base, file), SECRET);
  for (const type of TYPES) {
    const folder = path.join(server.base, type);
    symlinkSync(path.join(server.base, "secret.txt"), path.join(folder, "link.txt"));
    symlinkSync("../secret.txt", path.join(folder, "relative-link.txt"));
    symlinkSync(outside, path.join(folder, "link"));
    symlinkSync(path.join(folder, "link"), path.join(folder, "link-to-link"));
    symlinkSync(path.join(outside, "new.png"), path.join(folder, "dangling.png"));
  }
}

export function testPaths(shared: Shared): void {
  for (const target of ["/view", "/api/view"]) {
    test(`${target} serves nothing from outside`, async () => {
      const server = shared();
      const refused = async (query: string): Promise<HttpResponse> => {
        const answer = await ask(server, "GET", `${target}?${query}`);
        assertRefused(answer, query);
        return answer;
      };
      for (const type of TYPES) {
        for (const climb of CLIMBS) {
          await refused(`type=${type}&filename=${climb}`);
          await refused(
            `type=${type}&filename=secret.txt&subfolder=${climb.replace(/secret\.txt|passwd/, "")}`,
          );
        }
        for (const name of ["link.txt", "relative-link.txt", "dangling.png"]) {
          assert.equal((await refused(`type=${type}&filename=${name}`)).status, 403, name);
          assert.equal((await refused(`type=${type}&filename=${name}&preview=webp`)).status, 403, name);
        }
        for (const folder of ["link", "link-to-link", "a/../link", "..", server.base, "%2e%2e", "x%00"]) {
          assert.equal(
            (await refused(`type=${type}&filename=secret.txt&subfolder=${folder}`)).status,
            403,
            folder,
          );
        }
        assert.equal((await refused(`type=${type}&filename=..%2fsecret.txt`)).status, 400);
        assert.equal((await refused(`type=${type}&filename=/etc/passwd`)).status, 400);
        assert.equal((await refused(`type=${type}&filename=x%00.png`)).status, 400);
        assert.equal((await refused(`type=${type}&filename=%252e%252e%252fsecret.txt`)).status, 404);
      }
      for (const type of ["..", "models", "__proto__", "studio", ""]) {
        assert.equal((await refused(`type=${type}&filename=secret.txt`)).status, 400, type);
      }
    });
  }

  test("no path of the server itself leads to a file from outside", async () => {
    const server = shared();
    for (const prefix of ["/", "/api/", "/extensions/", "/extensions/core/", "/view/", "/assets/"]) {
      for (const climb of CLIMBS) assertRefused(await ask(server, "GET", prefix + climb), prefix + climb);
    }
    for (const climb of CLIMBS) {
      for (const route of ["/view_metadata/checkpoints?filename=", "/view_metadata/"]) {
        assertRefused(await ask(server, "GET", route + climb), route + climb);
      }
    }
  });

  for (const target of ["/upload/image", "/upload/mask"]) {
    test(`${target} writes nothing outside`, async () => {
      const server = shared();
      const listed = (): string[] =>
        [server.base, path.join(server.base, "outside")].flatMap((folder) => readdirSync(folder)).sort();
      const before = listed();
      const put = async (name: string, fields: Record<string, string>): Promise<number> =>
        (await upload(server, name, "x", { overwrite: "true", ...fields }, target)).status;
      for (const type of TYPES) {
        for (const name of [
          "../evil.png",
          "a/../../evil.png",
          "/tmp/hearth-evil.png",
          `${server.base}/evil.png`,
          "link/evil.png",
          "link-to-link/evil.png",
          "dangling.png",
          "evil.png\0.jpg",
          "..",
          ".",
        ]) {
          assert.equal(await put(name, { type }), 400, JSON.stringify(name));
        }
        for (const subfolder of [
          "..",
          "../x",
          "/tmp",
          "a/../../x",
          "link",
          "link/x",
          "link-to-link",
          "x\0y",
          server.base,
        ]) {
          assert.equal(await put("evil.png", { type, subfolder }), 400, JSON.stringify(subfolder));
        }
      }
      for (const type of ["..", "models", "studio", "__proto__"]) {
        assert.equal(await put("evil.png", { type }), 400, type);
      }
      assert.deepEqual(listed(), before);
      assert.ok(!existsSync("/tmp/hearth-evil.png"));
    });
  }

  test("encoded dots of an upload are only a name", async () => {
    const server = shared();
    for (const name of ["%2e%2e%2fcoded.png", "%252e%252e%252fcoded.png"]) {
      const { status, body } = await upload(server, name, "x", { subfolder: "%2e%2e" });
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(body.toString()), { name, subfolder: "%2e%2e", type: "input" });
      assert.ok(existsSync(path.join(server.base, "input/%2e%2e", name)));
    }
  });

  test("a mask takes no original from outside", async () => {
    const server = shared();
    for (const filename of ["../secret.txt", "link.txt", "link/secret.txt", "/etc/passwd", "x\0.png"]) {
      const original_ref = JSON.stringify({ filename, type: "input" });
      const { status, body } = await upload(server, "mask.png", "x", { original_ref }, "/upload/mask");
      // As ComfyUI answers: the name is told, but nothing is written under it.
      assert.equal(status, 200, filename);
      assert.deepEqual(JSON.parse(body.toString()), { name: "mask.png", subfolder: "", type: "input" });
      assert.ok(!existsSync(path.join(server.base, "input/mask.png")), filename);
    }
  });

  test("LoadImage loads nothing from outside", async () => {
    const server = shared();
    for (const image of [
      "../secret.txt",
      "link.txt",
      "link/secret.txt",
      "/etc/passwd",
      "../secret.txt [output]",
      "x\0.png",
    ]) {
      const prompt = {
        "1": { class_type: "LoadImage", inputs: { image } },
        "2": { class_type: "PreviewImage", inputs: { images: ["1", 0] } },
      };
      const { status, answer } = await postPrompt(server, JSON.stringify({ prompt }));
      assert.equal(status, 400, image);
      assert.ok(!JSON.stringify(answer).includes(SECRET));
    }
  });
}

/** Changes what every prompt meets, so it comes after all other tests. */
export function testEndlessLink(shared: Shared): void {
  test("a link onto itself stops nobody", async () => {
    const server = shared();
    const link = path.join(server.base, "input/round.txt");
    symlinkSync(link, link);
    assertRefused(await ask(server, "GET", "/view?type=input&filename=round.txt"), "view");
    assert.equal((await upload(server, "round.txt", "x", { overwrite: "true" })).status, 400);
    assert.equal((await ask(server, "GET", "/object_info/LoadImage")).status, 200);
    const prompt = { "1": { class_type: "LoadImage", inputs: { image: "round.txt" } } };
    assert.equal((await ask(server, "POST", "/prompt", {}, JSON.stringify({ prompt }))).status, 400);
  });
}
