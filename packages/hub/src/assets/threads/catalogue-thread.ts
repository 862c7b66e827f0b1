/** A thread with one connection to the catalogue: every method of `SqliteCatalogue`, one after the other. */
import { workerData } from "node:worker_threads";
import { SqliteCatalogue } from "../sqlite/sqlite-catalogue.ts";
import { answerCalls } from "./answer-calls.ts";

export interface CatalogueThreadData {
  readonly databaseFile: string;
}

const catalogue = new SqliteCatalogue((workerData as CatalogueThreadData).databaseFile);

answerCalls({
  ready: () => true,
  addOccurrence: (asset: never) => catalogue.addOccurrence(asset),
  putFile: (asset: never) => catalogue.putFile(asset),
  get: (id: string, viewer: string) => catalogue.get(id, viewer),
  list: (query: never) => catalogue.list(query),
  refine: (filter: never, limit: number) => catalogue.refine(filter, limit),
  tags: (query: never) => catalogue.tags(query),
  update: (id: string, viewer: string, changes: never) => catalogue.update(id, viewer, changes),
  addTags: (id: string, viewer: string, tags: string[]) => catalogue.addTags(id, viewer, tags),
  removeTags: (id: string, viewer: string, tags: string[]) => catalogue.removeTags(id, viewer, tags),
  remove: (id: string, viewer: string, content: boolean) => catalogue.remove(id, viewer, content),
  filesOf: (hash: string) => catalogue.filesOf(hash),
  contentOf: (id: string) => catalogue.contentOf(id),
  touch: (id: string) => catalogue.touch(id),
  close: () => catalogue.close(),
});
