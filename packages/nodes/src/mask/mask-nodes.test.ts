import { goldenSuite } from "../testing/golden-cases.ts";
import { maskNodes } from "./index.ts";

goldenSuite(maskNodes);
