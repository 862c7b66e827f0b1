/** What the tests of the fleet share: workers that are only played, and a fleet over a real database. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { type JobStore, openSqliteStore } from "@hearth/jobs";
import type {
  FileList,
  HubToWorker,
  InputDeclaration,
  NodeClassAnnouncement,
  ValidatorOutcome,
} from "@hearth/protocol";
import { pino } from "pino";
import type { Hello, WorkerLink } from "../link/worker-link.ts";
import { Fleet, type FleetParts, type WorkerAnnouncement } from "./fleet.ts";

const LOG = pino({ level: "silent" });

export interface PlayedLink extends WorkerLink {
  readonly sent: HubToWorker[];
  /** what its classes' validators say; absent: it does not answer */
  outcome: ValidatorOutcome | undefined;
}

let processes = 0;

/** The hub's end of a worker that nobody plays further. */
export function playedLink(hello: Partial<Hello> & { readonly name: string }): PlayedLink {
  processes += 1;
  const sent: HubToWorker[] = [];
  return {
    ...{ workerId: `${hello.name}:${processes}`, pid: process.pid, engine: "native", concurrency: 1 },
    ...{ tags: [], files: "shared", address: undefined, settings: "", held: [], isRemote: false },
    ...{ stats: undefined, heardAt: performance.now(), sent, outcome: undefined },
    ...hello,
    send: (message: HubToWorker) => void sent.push(message),
    validate(this: PlayedLink) {
      return Promise.resolve(this.outcome);
    },
  } as unknown as PlayedLink;
}

/** A class with these required inputs. */
export function nodeClass(
  name: string,
  required: Record<string, InputDeclaration> = {},
  more: { readonly lists?: readonly FileList[]; readonly isOutput?: boolean } = {},
): NodeClassAnnouncement {
  return {
    info: {
      ...{ input: { required }, input_order: { required: Object.keys(required) } },
      ...{ is_input_list: false, output: ["IMAGE"], output_is_list: [false], output_name: ["IMAGE"] },
      ...{ name, display_name: name, description: "", python_module: "nodes", category: "test" },
      ...{ output_node: more.isOutput ?? false, has_intermediate_output: false, search_aliases: null },
    },
    ...(more.lists === undefined ? {} : { lists: more.lists }),
  };
}

export interface TestFleet {
  readonly fleet: Fleet;
  readonly store: JobStore;
  /** A worker joins and says what it can run. */
  join(
    hello: Partial<Hello> & { readonly name: string },
    classes: readonly NodeClassAnnouncement[],
    more?: Partial<WorkerAnnouncement>,
  ): Promise<PlayedLink>;
  /** The fleet of the next hub over the same database. */
  reopen(more?: Partial<FleetParts>): Promise<Fleet>;
}

export async function testFleet(t: TestContext, more: Partial<FleetParts> = {}): Promise<TestFleet> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "hearth-fleet-"));
  const store = await openSqliteStore(path.join(folder, "hearth.db"));
  const parts = { documents: store.documents, store, log: LOG };
  const fleet = await Fleet.open({ ...parts, ...more });
  t.after(async () => {
    await fleet.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return {
    fleet,
    store,
    join: async (hello, classes, announcement = {}) => {
      const link = playedLink(hello);
      fleet.joined(link);
      await fleet.announced(link, { classes, packs: [], ...announcement });
      return link;
    },
    reopen: (again = {}) => Fleet.open({ ...parts, ...again }),
  };
}
