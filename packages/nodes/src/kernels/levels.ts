/** 8-bit levels, as images are saved and handed to 8-bit filters. */

/** `trunc(clip(255·x, 0, 255))`, computed in float32. */
export function toLevels(data: Float32Array): Uint8Array {
  const levels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 1) {
    const value = Math.fround(data[i]! * 255);
    levels[i] = value <= 0 ? 0 : value >= 255 ? 255 : value;
  }
  return levels;
}

/** `level / 255` as float32. */
export function fromLevel(level: number): number {
  return Math.fround(level / 255);
}
