/** The thread that reads files: hashes, facts about pictures and models, scans, archives. */
import { workerData } from "node:worker_threads";
import type { AssetRoots } from "../roots.ts";
import { hashFile } from "../scan/hash-file.ts";
import { readFacts } from "../scan/facts.ts";
import { FileReader } from "../scan/file-reader.ts";
import { Scanner } from "../scan/scanner.ts";
import { ScanWrites } from "../sqlite/scan-writes.ts";
import { writeZip } from "../tasks/write-zip.ts";
import { announce, answerCalls } from "./answer-calls.ts";

export interface FilesThreadData {
  readonly databaseFile: string;
  readonly roots: AssetRoots;
  /** scans compute hashes too */
  readonly hashing: boolean;
}

const { databaseFile, roots, hashing } = workerData as FilesThreadData;
const writes = new ScanWrites(databaseFile);
const scanner = new Scanner({ writes, roots, hashing, announce });
const reader = new FileReader(writes);

answerCalls({
  ready: () => true,
  hash: (file: string) => hashFile(file),
  facts: (file: string, mimeType: string) => readFacts(file, mimeType),
  scan: (names: never) => scanner.scan(names),
  begin: (names: never) => scanner.begin(names),
  status: () => scanner.status,
  cancel: () => scanner.cancel(),
  pause: () => scanner.pause(),
  resume: () => scanner.resume(),
  prune: () => scanner.prune(),
  read: (ids: string[]) => reader.add(ids),
  zip: (target: string, entries: never, task: string) =>
    writeZip(target, entries, (progress) => announce("zip", { task, ...progress })),
  close: async () => {
    await scanner.stop();
    await reader.stop();
    writes.close();
  },
});
