import { goldenSuite } from "../testing/golden-cases.ts";
import { textNodes } from "./index.ts";

goldenSuite(textNodes);
