import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { readMemory, type SystemRoots } from "./memory.ts";

const MIB = 1024 ** 2;
const HOST = "MemTotal:        8388608 kB\nMemFree:          100000 kB\nMemAvailable:    6291456 kB\n";

function roots(t: TestContext, files: Readonly<Record<string, string>>): SystemRoots {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-memory-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries({ "proc/meminfo": HOST, ...files })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return { proc: path.join(folder, "proc"), cgroup: path.join(folder, "cgroup") };
}

test("S-98 the limit of a version 2 group, and its use without remembered files", async (t) => {
  const at = roots(t, {
    "proc/self/cgroup": "0::/pod/app\n",
    "cgroup/pod/app/memory.max": "max\n",
    "cgroup/pod/app/memory.current": `${10 * MIB}\n`,
    "cgroup/pod/memory.max": `${1024 * MIB}\n`,
    "cgroup/pod/memory.current": `${400 * MIB}\n`,
    "cgroup/pod/memory.stat": `anon 1\ninactive_file ${100 * MIB}\nactive_file 5\n`,
  });
  assert.deepEqual(await readMemory(at), { total: 1024 * MIB, used: 300 * MIB });
});

test("S-98 the limit of a version 1 group, whose path is one of the machine outside", async (t) => {
  const at = roots(t, {
    "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n",
    "cgroup/memory/memory.limit_in_bytes": `${2048 * MIB}\n`,
    "cgroup/memory/memory.usage_in_bytes": `${512 * MIB}\n`,
    "cgroup/memory/memory.stat": `total_inactive_file ${12 * MIB}\n`,
  });
  assert.deepEqual(await readMemory(at), { total: 2048 * MIB, used: 500 * MIB });
});

test("S-98 without a limit the machine's memory counts", async (t) => {
  const host = { total: 8192 * MIB, used: 2048 * MIB };
  assert.deepEqual(await readMemory(roots(t, {})), host);
  const unlimited = roots(t, {
    "proc/self/cgroup": "4:memory:/\n",
    "cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "cgroup/memory/memory.usage_in_bytes": "5\n",
  });
  assert.deepEqual(await readMemory(unlimited), host);
});

test("what this machine says makes sense", async () => {
  const { total, used } = await readMemory();
  assert.ok(total > 64 * MIB && total <= os.totalmem());
  assert.ok(used > 0 && used <= total);
});
