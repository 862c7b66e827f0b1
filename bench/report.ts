/** Prints one line per figure: name, value, unit, what the design says of ComfyUI and as a target, and the machine's load. */
import os from "node:os";
import { DESIGN } from "./design-figures.ts";

export type Report = (name: string, value: number, unit: string) => void;

function rounded(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

export const report: Report = (name, value, unit) => {
  const { comfy, target } = DESIGN[name] ?? {};
  const design = `ComfyUI ${comfy ?? "–"} · target ${target ?? "–"}`;
  const load = (os.loadavg()[0] ?? 0).toFixed(1);
  console.log(`${name.padEnd(44)} ${rounded(value).padStart(9)} ${unit.padEnd(6)} ${design} · load ${load}`);
};
