/** Transfer functions from encoded colours to linear light, unclamped. */

/** IEC 61966-2-1; values below the knee, negative ones too, stay on its line. */
export function srgbToLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** ITU-R BT.2100, inverse of the HLG OETF, 0…1. */
export function hlgToLinear(value: number): number {
  const a = 0.17883277;
  const b = 1 - 4 * a;
  const c = 0.5 - a * Math.log(4 * a);
  return value <= 0.5 ? (value * value) / 3 : (Math.exp((value - c) / a) + b) / 12;
}
