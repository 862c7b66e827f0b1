import { goldenSuite } from "../testing/golden-cases.ts";
import { audioNodes } from "./index.ts";

goldenSuite(audioNodes);
