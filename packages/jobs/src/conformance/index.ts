/** The promises of the port, as tests. Every implementation runs this suite. */
import { after, before, describe, test } from "node:test";
import { claimsPromises } from "./claims.ts";
import { eventsPromises } from "./events.ts";
import { listsPromises } from "./lists.ts";
import { queuePromises } from "./queue.ts";
import { recordsPromises } from "./records.ts";
import type { Check, StoreUnderTest } from "./support.ts";

export { newJob } from "./support.ts";

/** Registers the suite. `open` gives an empty store each time. */
export function jobStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  const check: Check = (title, body) => {
    describe(title, () => {
      let under: StoreUnderTest;
      before(async () => {
        under = await open();
      });
      after(() => under.destroy());
      test("holds", () => body(under.store, under));
    });
  };
  describe(`JobStore: ${name}`, () => {
    queuePromises(check);
    claimsPromises(check);
    listsPromises(check);
    recordsPromises(check);
    eventsPromises(check);
  });
}
