/** All row kernels by name: the calling thread and the kernel threads look them up here. */
import { blendRows } from "./rows/blend-rows.ts";
import { compositeRows } from "./rows/composite-rows.ts";
import { convolveRows } from "./rows/convolve-rows.ts";
import type { RowKernel } from "./rows/kernel.ts";
import { lanczosRows } from "./rows/lanczos-rows.ts";
import { nearestRows, resampleRows } from "./rows/resample-rows.ts";

export const kernels = {
  blend: blendRows,
  composite: compositeRows,
  convolve: convolveRows,
  lanczos: lanczosRows,
  nearest: nearestRows,
  resample: resampleRows,
} as const;

export type KernelName = keyof typeof kernels;
export type ArgsOf<N extends KernelName> = Parameters<(typeof kernels)[N]>[0];

/** The kernel as a function of any arguments: messages between threads carry no types. */
export function kernelNamed(name: KernelName): RowKernel {
  return kernels[name] as RowKernel;
}
