//! Operations through the C ABI: the functions that call the host, and the encoding of [`Op`] in [`abi::TensorOp`] and
//! back.

use super::current::CURRENT;
use super::tensor::HostTensor;
use crate::abi::{self, Slice, Str};
use crate::error::Error;
use crate::op::{Op, Reduction, TensorId};
use crate::operations::argument;
use crate::tensor::Tensor;

/// An operand of [`Op`] from the argument of a function.
macro_rules! operand {
    (Tensor, $value:ident) => {
        $value.0.id()?
    };
    (Tensors, $value:ident) => {
        &ids($value)?
    };
    ($kind:ident, $value:ident) => {
        $value
    };
}

/// Appends an operand to [`Parts`].
macro_rules! put {
    ($parts:ident, Name, $value:ident) => {
        $parts.name = $value
    };
    ($parts:ident, Tensor, $value:ident) => {
        $parts.inputs.push($value)
    };
    ($parts:ident, Tensors, $value:ident) => {
        $parts.inputs = Few::Many($value)
    };
    ($parts:ident, U64, $value:ident) => {
        $parts.integers.push($value.cast_signed())
    };
    ($parts:ident, U64s, $value:ident) => {
        $parts.integers = Few::Many(signed($value))
    };
    ($parts:ident, OptionU32, $value:ident) => {
        $parts.integers.push($value.map_or(-1, i64::from))
    };
    ($parts:ident, Reduction, $value:ident) => {
        $parts.integers.push(i64::from($value as u32))
    };
    ($parts:ident, F64, $value:ident) => {
        $parts.floats.push($value)
    };
    ($parts:ident, F64s, $value:ident) => {
        $parts.floats = Few::Many($value)
    };
    // Numbers that fit.
    ($parts:ident, $kind:ident, $value:ident) => {
        $parts.integers.push(i64::from($value))
    };
}

/// Takes the next operand from [`Given`].
macro_rules! take {
    ($given:ident, Name) => {
        $given.name
    };
    ($given:ident, Tensor) => {
        $given.tensor()?
    };
    ($given:ident, Tensors) => {
        $given.inputs
    };
    ($given:ident, U32) => {
        $given.number()?
    };
    ($given:ident, U64) => {
        $given.number()?
    };
    ($given:ident, U64s) => {
        $given.numbers()?
    };
    ($given:ident, OptionU32) => {
        $given.optional()?
    };
    ($given:ident, Bool) => {
        $given.integer()? != 0
    };
    ($given:ident, Reduction) => {
        $given.reduction()?
    };
    ($given:ident, F64) => {
        $given.float()?
    };
    ($given:ident, F64s) => {
        $given.floats
    };
}

macro_rules! define {
    ($($(#[$doc:meta])* $code:literal $variant:ident $function:ident($($operand:ident: $kind:ident),*);)*) => {
        $(
            $(#[$doc])*
            pub fn $function($($operand: argument!($kind)),*) -> Result<Tensor, Error> {
                run(&Op::$variant { $($operand: operand!($kind, $operand)),* })
            }
        )*

        /// Lays out an operation for the ABI, for the duration of `call`.
        fn encode<R>(op: &Op<'_>, call: impl FnOnce(&abi::TensorOp) -> R) -> R {
            let mut parts = Parts::default();
            match *op {
                $(Op::$variant { $($operand),* } => {
                    const { assert!([$(stringify!($operand)),*].len() <= MOST) };
                    $(put!(parts, $kind, $operand);)*
                })*
            }
            call(&abi::TensorOp {
                code: op.code(),
                reserved: 0,
                name: Str::text(parts.name),
                inputs: Slice::of(parts.inputs.get()),
                integers: Slice::of(parts.integers.get()),
                floats: Slice::of(parts.floats.get()),
            })
        }

        impl<'a> Op<'a> {
            /// Reads an operation from its layout in the ABI.
            ///
            /// # Errors
            /// The number is unknown, or an operand is missing or out of range.
            ///
            /// # Safety
            /// The slices must describe initialized elements that outlive `'a`.
            pub unsafe fn decode(op: &'a abi::TensorOp) -> Result<Self, String> {
                // SAFETY: the caller vouches for the operation.
                let mut given = unsafe { Given::of(op)? };
                Ok(match op.code {
                    $($code => Op::$variant { $($operand: take!(given, $kind)),* },)*
                    other => {
                        return Err(format!("this host has no operation {other}: codetune has to be upgraded"));
                    }
                })
            }
        }
    };
}

/// The most operands of an operation, not counting the elements of lists.
const MOST: usize = 8;

/// Some values of an operation, or a list.
enum Few<'a, T> {
    Own([T; MOST], usize),
    Many(&'a [T]),
}

impl<T: Copy + Default> Default for Few<'_, T> {
    fn default() -> Self {
        Few::Own([T::default(); MOST], 0)
    }
}

impl<T> Few<'_, T> {
    /// Appends a value; there are never more than [`MOST`].
    fn push(&mut self, value: T) {
        if let Few::Own(values, length) = self
            && let Some(place) = values.get_mut(*length)
        {
            *place = value;
            *length += 1;
        }
    }

    fn get(&self) -> &[T] {
        match self {
            Few::Own(values, length) => values.get(..*length).unwrap_or_default(),
            Few::Many(values) => values,
        }
    }
}

/// The parts of [`abi::TensorOp`].
#[derive(Default)]
struct Parts<'a> {
    name: &'a str,
    inputs: Few<'a, u32>,
    integers: Few<'a, i64>,
    floats: Few<'a, f64>,
}

/// The same bits; the host rejects what does not fit.
fn signed(numbers: &[u64]) -> &[i64] {
    // SAFETY: both types have the same size and alignment, and all bit patterns are valid.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), numbers.len()) }
}

/// The operands of an operation that are not read yet.
struct Given<'a> {
    code: u32,
    name: &'a str,
    inputs: &'a [u32],
    integers: &'a [i64],
    floats: &'a [f64],
    /// How many tensors, integers and floats were taken.
    taken: [usize; 3],
}

impl<'a> Given<'a> {
    /// # Safety
    /// As [`Op::decode`].
    unsafe fn of(op: &'a abi::TensorOp) -> Result<Self, String> {
        // SAFETY: the caller vouches for the operation.
        let (name, inputs, integers, floats) =
            unsafe { (op.name.to_str(), op.inputs.get(), op.integers.get(), op.floats.get()) };
        let name = name.ok_or("a parameter's name is not UTF-8")?;
        Ok(Given { code: op.code, name, inputs, integers, floats, taken: [0; 3] })
    }

    fn next<T: Copy>(&mut self, list: usize, values: &[T], what: &str) -> Result<T, String> {
        let at = self.taken[list];
        self.taken[list] += 1;
        values.get(at).copied().ok_or_else(|| format!("operation {} lacks {what} {at}", self.code))
    }

    fn tensor(&mut self) -> Result<u32, String> {
        self.next(0, self.inputs, "tensor")
    }

    fn integer(&mut self) -> Result<i64, String> {
        self.next(1, self.integers, "number")
    }

    fn float(&mut self) -> Result<f64, String> {
        self.next(2, self.floats, "float")
    }

    fn number<N: TryFrom<i64>>(&mut self) -> Result<N, String> {
        let value = self.integer()?;
        N::try_from(value).map_err(|_| self.out_of_range(self.taken[1] - 1, value))
    }

    fn numbers(&self) -> Result<&'a [u64], String> {
        match self.integers.iter().enumerate().find(|(_, value)| **value < 0) {
            Some((at, value)) => Err(self.out_of_range(at, *value)),
            // SAFETY: as in `signed`.
            None => {
                Ok(unsafe { std::slice::from_raw_parts(self.integers.as_ptr().cast(), self.integers.len()) })
            }
        }
    }

    fn optional(&mut self) -> Result<Option<u32>, String> {
        match self.integers.get(self.taken[1]) {
            Some(value) if *value < 0 => {
                self.taken[1] += 1;
                Ok(None)
            }
            _ => self.number().map(Some),
        }
    }

    fn reduction(&mut self) -> Result<Reduction, String> {
        match self.integer()? {
            0 => Ok(Reduction::Sum),
            1 => Ok(Reduction::Mean),
            other => Err(format!("reduce: no reduction {other}")),
        }
    }

    fn out_of_range(&self, at: usize, value: i64) -> String {
        format!("operation {}: number {at} is {value}", self.code)
    }
}

crate::operations!(define);

/// The handles of several tensors.
fn ids(tensors: &[&Tensor]) -> Result<Vec<TensorId>, Error> {
    tensors.iter().map(|tensor| tensor.0.id()).collect()
}

/// Runs an operation in the host of the current call.
fn run(op: &Op<'_>) -> Result<Tensor, Error> {
    let host = CURRENT.get();
    if host.is_null() {
        return Err(Error::failed("a tensor operation was called outside the calls of an instance"));
    }
    let (mut out, mut error) = (0, Str::text(""));
    encode(op, |op| {
        // SAFETY: the host's call is under way; the record and the out-parameters live for it.
        let status = unsafe { ((*host).tensor_op)((*host).context, op, &mut out, &mut error) };
        if status == abi::OK {
            return Ok(Tensor(HostTensor::owned(host, out)));
        }
        // SAFETY: the text lives until the next operation.
        Err(Error::failed(unsafe { error.to_str() }.unwrap_or("the operation failed")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes an operation and decodes it again.
    fn there_and_back(op: Op<'_>) {
        // SAFETY: the record lives for the call.
        encode(&op, |record| assert_eq!(unsafe { Op::decode(record) }, Ok(op)));
    }

    #[test]
    fn every_kind_of_operand_is_read_back() {
        there_and_back(Op::RmsNorm { name: "n\u{e9}", x: 7, epsilon: 1e-6 });
        there_and_back(Op::Rope { x: 1, inverse_frequencies: &[1.0, 0.5, f64::MIN_POSITIVE] });
        there_and_back(Op::Rope { x: 1, inverse_frequencies: &[] });
        for window in [None, Some(0), Some(u32::MAX)] {
            there_and_back(Op::Attention { q: 1, k: 2, v: 3, slot: u32::MAX, scale: 0.125, window });
        }
        for approximate in [false, true] {
            there_and_back(Op::Gelu { x: 1, approximate });
        }
        there_and_back(Op::Reshape { x: 1, shape: &[0, 1, i64::MAX as u64] });
        there_and_back(Op::Slice { x: 1, dimension: 2, start: 3, length: 4 });
        there_and_back(Op::Cat { parts: &[5, 6, 7, 8, 9, 10, 11, 12, 13], dimension: 1 });
        for kind in [Reduction::Sum, Reduction::Mean] {
            there_and_back(Op::Reduce { x: 1, kind, dimension: 2 });
        }
        there_and_back(Op::CrossEntropy { logits: 1, targets: 2 });
    }

    fn decoded(code: u32, inputs: &[u32], integers: &[i64], floats: &[f64]) -> String {
        let (inputs, integers, floats) = (Slice::of(inputs), Slice::of(integers), Slice::of(floats));
        let op = abi::TensorOp { code, reserved: 0, name: Str::text(""), inputs, integers, floats };
        // SAFETY: the slices live for the call.
        unsafe { Op::decode(&op) }.unwrap_err()
    }

    #[test]
    fn missing_and_impossible_operands_are_rejected() {
        assert_eq!(decoded(10, &[1], &[], &[]), "operation 10 lacks tensor 1");
        assert_eq!(decoded(18, &[1], &[0, 1], &[]), "operation 18 lacks number 2");
        assert_eq!(decoded(12, &[1], &[], &[]), "operation 12 lacks float 0");
        assert_eq!(decoded(15, &[1], &[0, -1], &[]), "operation 15: number 1 is -1");
        assert_eq!(decoded(16, &[1], &[1 << 32], &[]), "operation 16: number 0 is 4294967296");
        assert_eq!(decoded(5, &[1, 2, 3], &[0, 1 << 32], &[1.0]), "operation 5: number 1 is 4294967296");
        assert_eq!(decoded(5, &[1, 2, 3], &[0], &[1.0]), "operation 5 lacks number 1");
        assert_eq!(decoded(14, &[1], &[2, -3], &[]), "operation 14: number 1 is -3");
        assert_eq!(decoded(20, &[1], &[2, 0], &[]), "reduce: no reduction 2");
        let unknown = decoded(9999, &[], &[], &[]);
        assert_eq!(unknown, "this host has no operation 9999: codetune has to be upgraded");
        // A length beyond what the ABI can say arrives as a negative one.
        let op = Op::Slice { x: 1, dimension: 0, start: 0, length: u64::MAX };
        // SAFETY: the record lives for the call.
        let error = encode(&op, |record| unsafe { Op::decode(record) }.map(|_| ()).unwrap_err());
        assert_eq!(error, "operation 18: number 2 is -1");
    }
}
