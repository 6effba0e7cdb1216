//! `random`: chance. Seeded, it gives the same again on every machine.

use std::hash::{BuildHasher, RandomState};

use super::{Standard, State};
use crate::function::Args;
use crate::{CallError, Type, Value};

/// The most bytes that one call gives.
const MAX_BYTES: i64 = 1 << 20;

/// SplitMix64: small, fast, and the same everywhere. Not for secrets.
#[derive(Debug, Default)]
pub(crate) struct Generator {
    state: Option<u64>,
}

impl Generator {
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { state: Some(seed) }
    }

    /// What has become of the seed; nothing before the first number if there was none.
    pub(crate) const fn state(&self) -> Option<u64> {
        self.state
    }

    /// Goes on from there.
    pub(crate) const fn set_state(&mut self, state: Option<u64>) {
        self.state = state;
    }

    fn next(&mut self) -> u64 {
        let state = self.state.unwrap_or_else(|| RandomState::new().hash_one(0));
        let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state = Some(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, each as likely as any other; of all 64 bits if the bound is 0.
    fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return self.next();
        }
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            // The few products that would make some results likelier are drawn again.
            if product as u64 >= bound.wrapping_neg() % bound {
                return (product >> 64) as u64;
            }
        }
    }
}

pub(super) const FUNCTIONS: &[Standard] = &[
    Standard { function: "int", params: &[Type::Int, Type::Int], result: Type::Int, body: int },
    Standard { function: "float", params: &[], result: Type::Float, body: float },
    Standard { function: "bytes", params: &[Type::Int], result: Type::Any, body: bytes },
];

/// From the first to the second, both included.
fn int(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    let (low, high): (i64, i64) = (args.get(0)?, args.get(1)?);
    if low > high {
        return Err(CallError::failed(format_args!("random.int: no number from {low} to {high}")));
    }
    // 0 stands for all of them, 2^64.
    let count = high.wrapping_sub(low).cast_unsigned().wrapping_add(1);
    Ok(Value::Int(low.wrapping_add(state.random.below(count).cast_signed())))
}

/// From 0 up to, but not including, 1.
fn float(_: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    Ok(Value::Float((state.random.next() >> 11) as f64 / (1u64 << 53) as f64))
}

fn bytes(args: &Args<'_, '_, '_>, state: &mut State) -> Result<Value, CallError> {
    let count: i64 = args.get(0)?;
    if !(0..=MAX_BYTES).contains(&count) {
        return Err(CallError::failed(format_args!("random.bytes: from 0 to {MAX_BYTES}, not {count}")));
    }
    Ok(Value::Bytes((0..count).map(|_| state.random.next() as u8).collect()))
}
