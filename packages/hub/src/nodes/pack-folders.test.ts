import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { rawRequest, startServer, temporaryFolders } from "../http/test-server.ts";
import { PackFolders } from "./pack-folders.ts";

/** Writes files of packs below two folders for packs. */
function packFolders(t: TestContext, files: Readonly<Record<string, string>>): string[] {
  const { base } = temporaryFolders(t);
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(base, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return [path.join(base, "one"), path.join(base, "two")];
}

test("packs and the web folders that their source declares", (t) => {
  const folders = packFolders(t, {
    "one/python/__init__.py": 'import x\nWEB_DIRECTORY = "./js"\n__all__ = ["WEB_DIRECTORY"]\n',
    "one/typed/index.ts": "export const webDirectory: string = 'web';\nexport const nodes = [];\n",
    "one/plain/index.js": 'export const webDirectory = "web/../files";\n',
    "one/none/index.ts": "// export const webDirectory = './web';\n",
    "one/computed/__init__.py": 'WEB_DIRECTORY = os.path.join("a", "b")\n',
    "one/thief/index.mjs": 'export const webDirectory = "../../..";\n',
    "one/off.disabled/__init__.py": 'WEB_DIRECTORY = "js"\n',
    "one/.hidden/__init__.py": 'WEB_DIRECTORY = "js"\n',
    "one/__pycache__/x": "",
    "one/file.py": "",
    "two/typed/index.ts": 'export const webDirectory = "other";\n',
    "two/more/index.ts": 'export const webDirectory = "link";\n',
  });
  const [one, two] = folders as [string, string];
  symlinkSync(path.dirname(one), path.join(two, "more/link"));
  const packs = new PackFolders({ folders });
  assert.deepEqual(
    packs.packs().map(({ name }) => name),
    ["computed", "none", "plain", "python", "thief", "typed", "more"],
  );
  assert.deepEqual(packs.list(), [
    { name: "plain", folder: path.join(one, "plain/files") },
    { name: "python", folder: path.join(one, "python/js") },
    { name: "typed", folder: path.join(one, "typed/web") },
  ]);
  assert.equal(packs.list(), packs.list(), "nothing is read again while nothing changes");

  packs.announce([
    { name: "none", web: "built" },
    { name: "typed" },
    { name: "python", web: "../typed" },
    { name: "far", web: "x" },
  ]);
  assert.deepEqual(packs.list(), [
    { name: "none", folder: path.join(one, "none/built") },
    { name: "plain", folder: path.join(one, "plain/files") },
    { name: "typed", folder: path.join(one, "typed/web") },
  ]);

  rmSync(path.join(one, "plain"), { recursive: true });
  assert.deepEqual(
    packs.list().map(({ name }) => name),
    ["none", "typed"],
  );
  const some = new PackFolders({ folders, wanted: ["typed"] });
  assert.deepEqual(some.packs(), [{ name: "typed", folder: path.join(one, "typed") }]);
  assert.deepEqual(new PackFolders({ folders, wanted: [] }).packs(), []);
});

test("their scripts are listed and served, and what lies beside them is not", async (t) => {
  const { port, folders } = await startServer(t);
  const pack = path.join(folders.base, "custom_nodes/my pack");
  mkdirSync(path.join(pack, "js/sub"), { recursive: true });
  writeFileSync(path.join(pack, "__init__.py"), 'WEB_DIRECTORY = "js"\nSECRET = 1\n');
  writeFileSync(path.join(pack, "js/a.js"), "a");
  writeFileSync(path.join(pack, "js/sub/b.js"), "b");
  writeFileSync(path.join(pack, "js/c.css"), "c");
  symlinkSync("../__init__.py", path.join(pack, "js/link.js"));
  const get = async (target: string): Promise<string> => {
    const { status, body } = await rawRequest(port, "GET", target);
    return `${status} ${body}`;
  };
  assert.equal(
    await get("/api/extensions"),
    '200 ["/extensions/my%20pack/a.js", "/extensions/my%20pack/link.js", "/extensions/my%20pack/sub/b.js"]',
  );
  assert.equal(await get("/extensions/my%20pack/sub/b.js"), "200 b");
  assert.equal(await get("/extensions/my%20pack/c.css"), "200 c");
  assert.equal(await get("/extensions/my%20pack/link.js"), "403 403: Forbidden");
  for (const climb of ["..%2F__init__.py", "%2e%2e%2f__init__.py", "sub%2F..%2F..%2F__init__.py", "%00"]) {
    assert.equal(await get(`/extensions/my%20pack/${climb}`), "404 404: Not Found", climb);
  }
  for (const odd of ["../__init__.py", "%252e%252e%252f__init__.py", "x.js"]) {
    assert.equal(await get(`/extensions/my%20pack/${odd}`), "404 ", odd);
  }
});
