/** Entry of a kernel thread: helps with each job that it is told of. */
import { parentPort } from "node:worker_threads";
import { takeChunks, type SharedJob } from "./shared-job.ts";

parentPort?.on("message", (job: SharedJob) => {
  try {
    takeChunks(job);
  } catch {
    // The counters say that a chunk failed: the caller throws, and this thread stays for the next job.
  }
});
