/** Sigmas and noise without a model. */
import type { NodeClass } from "../sdk/index.ts";
import * as noiseNodes from "./noise-nodes.ts";
import * as schedulerNodes from "./scheduler-nodes.ts";
import * as cutNodes from "./sigma-nodes.ts";

export { type Noise, seededNoise, zeroNoise } from "./noise.ts";
export { flowShift, karras, linspace, polyexponential, sigmaTensor } from "./schedules.ts";

export const sigmaNodes: readonly NodeClass[] = [schedulerNodes, cutNodes, noiseNodes].flatMap((group) =>
  Object.values(group),
);
