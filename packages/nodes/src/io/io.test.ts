import { goldenSuite } from "../testing/golden-cases.ts";
import { ioNodes } from "./index.ts";

goldenSuite(ioNodes);
