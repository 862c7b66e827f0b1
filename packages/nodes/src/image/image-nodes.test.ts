import { goldenSuite } from "../testing/golden-cases.ts";
import { imageNodes } from "./index.ts";

goldenSuite(imageNodes);
