/// A handle of a host tensor.
pub type TensorId = u32;

/// A reduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Reduction {
    /// The sum.
    Sum = 0,
    /// The arithmetic mean.
    Mean = 1,
}

/// The Rust type of an operand in [`Op`].
macro_rules! field {
    ($life:lifetime Name) => { &$life str };
    ($life:lifetime Tensor) => { TensorId };
    ($life:lifetime Tensors) => { &$life [TensorId] };
    ($life:lifetime U32) => { u32 };
    ($life:lifetime U64) => { u64 };
    ($life:lifetime U64s) => { &$life [u64] };
    ($life:lifetime OptionU32) => { Option<u32> };
    ($life:lifetime Bool) => { bool };
    ($life:lifetime Reduction) => { Reduction };
    ($life:lifetime F64) => { f64 };
    ($life:lifetime F64s) => { &$life [f64] };
}

macro_rules! define {
    ($($(#[$doc:meta])* $code:literal $variant:ident $function:ident($($operand:ident: $kind:ident),*);)*) => {
        /// A tensor operation as passed to the host. The functions of [`crate::ops`] document each operand.
        #[derive(Debug, Clone, Copy, PartialEq)]
        #[allow(missing_docs, reason = "the functions of `ops` document each operand")]
        pub enum Op<'a> {
            $(
                #[doc = concat!("[`ops::", stringify!($function), "`](crate::ops::", stringify!($function), ")")]
                $variant { $($operand: field!('a $kind)),* },
            )*
        }

        impl Op<'_> {
            /// The names of all operations in the contract, with their numbers in the C ABI.
            pub const ALL: &'static [(&'static str, u32)] = &[$((kebab!($function), $code)),*];

            /// The name of the operation in the contract, for messages.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Op::$variant { .. } => kebab!($function),)*
                }
            }

            /// The number of the operation in the C ABI.
            pub fn code(&self) -> u32 {
                match self {
                    $(Op::$variant { .. } => $code,)*
                }
            }
        }
    };
}

/// The name of a function with hyphens, as in the WIT.
macro_rules! kebab {
    ($function:ident) => {{
        const NAME: &str = stringify!($function);
        const BYTES: [u8; NAME.len()] = hyphenated(NAME);
        match std::str::from_utf8(&BYTES) {
            Ok(name) => name,
            Err(_) => NAME,
        }
    }};
}

const fn hyphenated<const N: usize>(name: &str) -> [u8; N] {
    let (name, mut bytes, mut at) = (name.as_bytes(), [0; N], 0);
    while at < N {
        bytes[at] = if name[at] == b'_' { b'-' } else { name[at] };
        at += 1;
    }
    bytes
}

crate::operations!(define);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_contract_and_numbers_are_in_order() {
        let op = Op::CrossEntropy { logits: 1, targets: 2 };
        assert_eq!((op.name(), op.code()), ("cross-entropy", 21));
        assert!(Op::ALL.contains(&("rms-norm", 2)));
        let numbers: Vec<u32> = Op::ALL.iter().map(|(_, number)| *number).collect();
        assert_eq!(numbers, (0..Op::ALL.len() as u32).collect::<Vec<_>>());
    }

    #[test]
    fn the_contract_has_the_operations_of_the_table() {
        let wit = include_str!("../wit/plugin.wit");
        let tensors = wit.split_once("interface tensors {").unwrap().1.split_once("\n}\n").unwrap().0;
        let function = |line: &'static str| Some(line.strip_prefix("  ")?.split_once(": func(")?.0);
        // Methods of the resource are indented further.
        let functions = tensors.lines().filter_map(function).filter(|name| !name.starts_with(' '));
        let functions: Vec<&str> = functions.collect();
        let names: Vec<&str> = Op::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(functions, names);
    }
}
