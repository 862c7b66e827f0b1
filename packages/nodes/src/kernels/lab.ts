/** sRGB and CIE L*a*b* (D65): IEC 61966-2-1 and CIE 15, on float64 triples in place. */

const WHITE = [0.95047, 1, 1.08883] as const;

/** sRGB 0…1 → L 0…100, a, b. `lab` gets three values per pixel. */
export function toLab(rgb: Float32Array, from: number, pixels: number, channels: number): Float64Array {
  const lab = new Float64Array(pixels * 3);
  for (let i = 0; i < pixels; i += 1) {
    const at = from + i * channels;
    const r = linear(rgb[at]!);
    const g = linear(rgb[at + 1]!);
    const b = linear(rgb[at + 2]!);
    const x = curve((0.412453 * r + 0.35758 * g + 0.180423 * b) / WHITE[0]);
    const y = curve((0.212671 * r + 0.71516 * g + 0.072169 * b) / WHITE[1]);
    const z = curve((0.019334 * r + 0.119193 * g + 0.950227 * b) / WHITE[2]);
    lab[i * 3] = 116 * y - 16;
    lab[i * 3 + 1] = 500 * (x - y);
    lab[i * 3 + 2] = 200 * (y - z);
  }
  return lab;
}

/** L*a*b* → sRGB, held in 0…1. */
export function fromLab(l: number, a: number, b: number): [red: number, green: number, blue: number] {
  const fy = (l + 16) / 116;
  const fx = a / 500 + fy;
  const fz = Math.max(fy - b / 200, 0);
  const x = uncurve(fx) * WHITE[0];
  const y = uncurve(fy) * WHITE[1];
  const z = uncurve(fz) * WHITE[2];
  return [
    encoded(3.240481343200527 * x - 1.5371515162713185 * y - 0.498536326168888 * z),
    encoded(-0.9692549499965682 * x + 1.8759900014898907 * y + 0.04155592655829284 * z),
    encoded(0.05564663913517716 * x - 0.20404133836651123 * y + 1.0573110696453443 * z),
  ];
}

function linear(value: number): number {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
}

function encoded(value: number): number {
  const sRgb = value > 0.0031308 ? 1.055 * value ** (1 / 2.4) - 0.055 : 12.92 * value;
  return sRgb <= 0 ? 0 : sRgb >= 1 ? 1 : sRgb;
}

function curve(value: number): number {
  return value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 4 / 29;
}

function uncurve(value: number): number {
  return value > 0.2068966 ? value ** 3 : (value - 4 / 29) / 7.787;
}
