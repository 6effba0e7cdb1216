//! 16-bit floats, as tensors store them: IEEE 754 binary16 and the upper half of binary32. Converted straight from
//! and to 64 bits, in integers, so that every target rounds alike and once.

/// Bits of exponent and mantissa.
#[derive(Clone, Copy)]
struct Format {
    exponent: u32,
    mantissa: u32,
}

const F16: Format = Format { exponent: 5, mantissa: 10 };
const BF16: Format = Format { exponent: 8, mantissa: 7 };

impl Format {
    const fn bias(self) -> i64 {
        (1 << (self.exponent - 1)) - 1
    }

    /// The bits of infinity, without a sign.
    const fn infinity(self) -> u64 {
        ((1 << self.exponent) - 1) << self.mantissa
    }

    /// To nearest, ties to even; what is too large becomes infinite.
    const fn narrow(self, value: f64) -> u16 {
        let bits = value.to_bits();
        let sign = (bits >> 63) << 15;
        let magnitude = if value.is_nan() {
            self.infinity() | 1 << (self.mantissa - 1)
        } else {
            let exponent = (bits >> 52 & 0x7ff) as i64 - 1023 + self.bias();
            let fraction = bits & ((1 << 52) - 1);
            let drop = 52 - self.mantissa;
            if exponent > 0 {
                let rounded = round((exponent.unsigned_abs() << 52) | fraction, drop);
                if rounded < self.infinity() { rounded } else { self.infinity() }
            } else {
                // Below the normal range the leading one is written out, and shifted with the rest.
                round(1 << 52 | fraction, drop.saturating_add((1 - exponent) as u32))
            }
        };
        (sign | magnitude) as u16
    }

    const fn widen(self, bits: u16) -> f64 {
        let magnitude = bits as u64 & 0x7fff;
        let (exponent, fraction) = (magnitude >> self.mantissa, magnitude & ((1 << self.mantissa) - 1));
        let value = if magnitude > self.infinity() {
            f64::NAN
        } else if magnitude == self.infinity() {
            f64::INFINITY
        } else if exponent == 0 {
            let unit = (1023 + 1 - self.bias()).unsigned_abs() - self.mantissa as u64;
            fraction as f64 * f64::from_bits(unit << 52)
        } else {
            let exponent = exponent + (1023 - self.bias()).unsigned_abs();
            f64::from_bits(exponent << 52 | fraction << (52 - self.mantissa))
        };
        if bits >> 15 == 0 || magnitude > self.infinity() { value } else { -value }
    }
}

/// A number without its lowest bits, rounded to nearest, ties to even.
const fn round(value: u64, drop: u32) -> u64 {
    if drop > 54 {
        return 0;
    }
    let (kept, rest, half) = (value >> drop, value & ((1 << drop) - 1), 1 << (drop - 1));
    kept + (rest > half || (rest == half && kept & 1 == 1)) as u64
}

/// The bits of the nearest binary16.
#[must_use]
pub const fn f16_from_f64(value: f64) -> u16 {
    F16.narrow(value)
}

/// The value of a binary16.
#[must_use]
pub const fn f16_to_f64(bits: u16) -> f64 {
    F16.widen(bits)
}

/// The bits of the nearest bfloat16.
#[must_use]
pub const fn bf16_from_f64(value: f64) -> u16 {
    BF16.narrow(value)
}

/// The value of a bfloat16.
#[must_use]
pub const fn bf16_to_f64(bits: u16) -> f64 {
    BF16.widen(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        for bits in 0..=u16::MAX {
            for (format, infinity) in [(F16, 0x7c00), (BF16, 0x7f80)] {
                let value = format.widen(bits);
                if value.is_nan() {
                    assert!(bits & 0x7fff > infinity && format.widen(format.narrow(value)).is_nan());
                } else {
                    assert_eq!(format.narrow(value), bits);
                }
            }
            // The other definition of a bfloat16.
            let single = f64::from(f32::from_bits(u32::from(bits) << 16));
            assert!(single.to_bits() == bf16_to_f64(bits).to_bits() || single.is_nan());
        }
    }

    #[test]
    fn rounds_to_nearest_and_ties_to_even() {
        for format in [F16, BF16] {
            for bits in 0..format.infinity() as u16 - 1 {
                let (low, high) = (format.widen(bits), format.widen(bits + 1));
                let middle = low.midpoint(high);
                assert_eq!(format.narrow(middle), bits + (bits & 1), "{bits:#x}");
                assert_eq!(format.narrow(f64::from_bits(middle.to_bits() - 1)), bits);
                assert_eq!(format.narrow(f64::from_bits(middle.to_bits() + 1)), bits + 1);
                assert_eq!(format.narrow(-middle), 0x8000 | (bits + (bits & 1)));
            }
        }
    }

    #[test]
    fn ends_of_the_range() {
        assert_eq!(f16_from_f64(65519.99), 0x7bff);
        assert_eq!(f16_from_f64(65520.0), 0x7c00);
        assert_eq!(f16_from_f64(f64::INFINITY), 0x7c00);
        assert_eq!(f16_from_f64(f64::MAX), 0x7c00);
        assert_eq!(f16_from_f64(f64::MIN_POSITIVE), 0);
        assert_eq!(f16_from_f64(-0.0), 0x8000);
        assert_eq!(bf16_from_f64(f64::MAX), 0x7f80);
        assert_eq!(bf16_from_f64(5e-324), 0);
        assert_eq!(f16_from_f64(0.1), 0x2e66);
        assert_eq!(bf16_from_f64(0.1), 0x3dcd);
    }
}
