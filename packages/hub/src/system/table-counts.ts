/** How many rows there are of what Studio counts on its status page. */
import type { JobStore } from "@hearth/jobs";

export type TableCounts = Readonly<Record<"jobs" | "events" | "settings" | "saved_prompts", number>>;

export async function tableCounts(store: JobStore): Promise<TableCounts> {
  const [states, events, settings, prompts] = await Promise.all([
    store.countByState(),
    eventCount(store),
    store.documents.list("settings"),
    store.documents.list("saved_prompts"),
  ]);
  return {
    jobs: Object.values(states).reduce((sum, count) => sum + count, 0),
    events,
    settings: settings.length,
    saved_prompts: prompts.length,
  };
}

/** Events are numbered without gaps, and only the oldest are ever removed: the first and the last tell how many there are. */
async function eventCount(store: JobStore): Promise<number> {
  const [first] = await store.events(0, 1);
  const [last] = await store.latestEvents({ limit: 1 });
  return first === undefined || last === undefined ? 0 : last.seq - first.seq + 1;
}
