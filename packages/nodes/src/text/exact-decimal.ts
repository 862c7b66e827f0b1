/**
 * Decimal texts of doubles, correctly rounded from the exact binary value with ties to even, as Python prints them.
 * JavaScript's `toFixed` and `toExponential` round ties up.
 */

/** The exact value of a finite double as `mantissa · 2^exponent`. */
function parts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n);
  const fraction = bits & ((1n << 52n) - 1n);
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

/** `round(|value| · 10^scale)`, ties to even. */
function scaled(value: number, scale: number): bigint {
  const { mantissa, exponent } = parts(value);
  let numerator = mantissa;
  let denominator = 1n;
  if (exponent >= 0) numerator <<= BigInt(exponent);
  else denominator <<= BigInt(-exponent);
  if (scale >= 0) numerator *= 10n ** BigInt(scale);
  else denominator *= 10n ** BigInt(-scale);
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && (quotient & 1n) === 1n);
  return up ? quotient + 1n : quotient;
}

/** `|value|` with `digits` decimals: `"12.50"`. The sign is left to the caller. */
export function fixedDigits(value: number, digits: number): string {
  const text = scaled(value, digits)
    .toString()
    .padStart(digits + 1, "0");
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** `|value|` as `significant` digits and the power of ten of the first of them. */
export function significantDigits(value: number, significant: number): { digits: string; exponent: number } {
  if (value === 0) return { digits: "0".repeat(significant), exponent: 0 };
  let exponent = Math.floor(Math.log10(Math.abs(value)));
  // The logarithm may be off by one, and rounding may carry into a further digit.
  for (;;) {
    const digits = scaled(value, significant - 1 - exponent).toString();
    if (digits.length === significant) return { digits, exponent };
    exponent += digits.length > significant ? 1 : -1;
    if (digits.length > significant && BigInt(digits) === 10n ** BigInt(significant)) {
      return { digits: digits.slice(0, significant), exponent };
    }
  }
}

/** Python's `round(value, digits)`: the double nearest to the correctly rounded decimal. */
export function roundToDigits(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 400) return value;
  if (digits < -400) return value < 0 ? -0 : 0;
  const text = digits >= 0 ? fixedDigits(value, digits) : `${scaled(value, digits)}e${-digits}`;
  return value < 0 || Object.is(value, -0) ? -Number(text) : Number(text);
}

/** Python's `round(value)` of a double: half to even. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
