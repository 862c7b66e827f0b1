/** Where every `hearth` begins: with the release that an update brought, else with this installation. */
import { startRelease } from "./start-release.ts";

await startRelease(process.argv.slice(2), new URL("../main.ts", import.meta.url));
