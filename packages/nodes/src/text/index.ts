/** Text classes: strings, regular expressions, JSON, templates. */
import type { NodeClass } from "../sdk/index.ts";
import * as jsonNodes from "./json-nodes.ts";
import * as listNodes from "./list-nodes.ts";
import * as regexNodes from "./regex-nodes.ts";
import * as stringNodes from "./string-nodes.ts";

export const textNodes: readonly NodeClass[] = [stringNodes, regexNodes, jsonNodes, listNodes].flatMap(
  (group) => Object.values(group),
);
