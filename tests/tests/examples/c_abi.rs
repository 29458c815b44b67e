//! `plugin-sdk/include/codetune_plugin.h` lays everything out as `codetune_plugin_sdk::abi` does: a program of
//! static assertions, written from the Rust side, must compile.

use std::fmt::Write;
use std::mem::offset_of;

use codetune_plugin_sdk::abi::{self, FailKind, Slice};
use codetune_plugin_sdk::{Capture, LogLevel, Op, Reduction, Role, Severity};

use crate::{c_compiler, compile};

/// Asserts the size of a C type and where its fields are.
macro_rules! layout {
    ($program:ident, $($c:ident = $rust:ty { $($field:ident),* })*) => {$(
        let c = stringify!($c);
        equal(&mut $program, &format!("sizeof({c})"), size_of::<$rust>());
        equal(&mut $program, &format!("_Alignof({c})"), align_of::<$rust>());
        $(
            let field = stringify!($field);
            equal(&mut $program, &format!("offsetof({c}, {field})"), offset_of!($rust, $field));
        )*
    )*};
}

/// Asserts the value of a C constant.
macro_rules! constants {
    ($program:ident, $($c:ident = $rust:expr;)*) => {
        $(equal(&mut $program, stringify!($c), $rust as usize);)*
    };
}

fn equal(program: &mut String, c: &str, rust: usize) {
    writeln!(program, "_Static_assert({c} == {rust}u, \"{c} is {rust} in Rust\");").unwrap();
}

fn layouts() -> String {
    let mut program = String::from("#include \"codetune_plugin.h\"\n");
    layout! { program,
        codetune_str = abi::Str { pointer, length }
        codetune_strs = Slice<abi::Str> { pointer, length }
        codetune_f64s = Slice<f64> { pointer, length }
        codetune_setup = abi::Setup { config, rules, attributes }
        codetune_source = abi::Source { path, language, text }
        codetune_capture = Capture { pattern, name, match_id, start, end }
        codetune_captures = abi::Captures { names, items }
        codetune_finding = abi::Finding { rule, severity, start, end, message }
        codetune_edit = abi::Edit { finding, start, end, replacement }
        codetune_symbol = abi::Symbol { name, start, end }
        codetune_attribute = abi::Attribute { id, subject, tag, reserved, bits }
        codetune_report = abi::Report { findings, edits, symbols, attributes, strings }
        codetune_parameter = abi::Parameter { name, shape, role, initializer, deviation }
        codetune_plan = abi::Plan { blocks, reserved, vocabulary, max_positions, parameters, default_targets }
        codetune_tensor_op = abi::TensorOp { code, reserved, name, inputs, integers, floats }
        codetune_host = abi::Host {
            size, context, log, fail, fail_source, report, query, plan, tensor_op, tensor_shape, tensor_drop
        }
        codetune_analyzer = abi::Analyzer { size, configure, analyze, free }
        codetune_backend = abi::Backend { size, configure, embed, block, logits, loss, free }
        codetune_plugin = abi::Plugin { magic, size, manifest, analyzer, backend }
    }
    program
}

fn numbers() -> String {
    let mut program = String::from("#include \"codetune_plugin.h\"\n");
    constants! { program,
        CODETUNE_ABI_MAJOR = abi::MAJOR;
        CODETUNE_OK = abi::OK;
        CODETUNE_FAILED = abi::FAILED;
        CODETUNE_NONE = abi::NONE;
        CODETUNE_FAIL_INVALID_CONFIG = FailKind::InvalidConfig;
        CODETUNE_FAIL_REFUSED = FailKind::Refused;
        CODETUNE_FAIL_FAILED = FailKind::Failed;
        CODETUNE_FAIL_CANCELLED = FailKind::Cancelled;
        CODETUNE_FAIL_PANICKED = FailKind::Panicked;
        CODETUNE_LOG_ERROR = LogLevel::Error;
        CODETUNE_LOG_WARN = LogLevel::Warn;
        CODETUNE_LOG_INFO = LogLevel::Info;
        CODETUNE_LOG_DEBUG = LogLevel::Debug;
        CODETUNE_NOTE = Severity::Note;
        CODETUNE_WARNING = Severity::Warning;
        CODETUNE_ERROR = Severity::Error;
        CODETUNE_ROLE_LINEAR = Role::Linear;
        CODETUNE_ROLE_BIAS = Role::Bias;
        CODETUNE_ROLE_EMBEDDING = Role::Embedding;
        CODETUNE_ROLE_NORM = Role::Norm;
        CODETUNE_REDUCE_SUM = Reduction::Sum;
        CODETUNE_REDUCE_MEAN = Reduction::Mean;
    }
    for (name, number) in Op::ALL {
        equal(
            &mut program,
            &format!("CODETUNE_OP_{}", name.replace('-', "_").to_uppercase()),
            *number as usize,
        );
    }
    program
}

fn check(program: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.c");
    std::fs::write(&path, program).unwrap();
    compile(c_compiler().arg("-fsyntax-only").arg(path));
}

#[test]
fn every_table_and_record_of_the_header_has_the_layout_that_rust_has() {
    let program = layouts();
    assert!(program.contains("_Static_assert(offsetof(codetune_host, tensor_drop) == "));
    check(&program);
}

#[test]
fn every_number_of_the_header_is_the_one_that_rust_has() {
    check(&numbers());
    let header = std::fs::read_to_string(crate::workspace("plugin-sdk/include/codetune_plugin.h")).unwrap();
    assert_eq!(header.matches("#define CODETUNE_OP_").count(), Op::ALL.len());
}

#[test]
fn the_magic_of_the_header_is_the_one_that_rust_has() {
    let bytes: Vec<String> = abi::MAGIC.iter().map(u8::to_string).collect();
    check(&format!(
        "#include \"codetune_plugin.h\"\n\
         enum {{ EXPECTED = {} }};\n\
         static const uint8_t magic[] = CODETUNE_MAGIC;\n\
         _Static_assert(sizeof(magic) == EXPECTED, \"its length\");\n\
         const uint8_t *magic_is_used(void);\n\
         const uint8_t *magic_is_used(void) {{ return magic; }}\n",
        bytes.len()
    ));
    let header = std::fs::read_to_string(crate::workspace("plugin-sdk/include/codetune_plugin.h")).unwrap();
    let letters: Vec<String> = abi::MAGIC.iter().map(|byte| format!("'{}'", char::from(*byte))).collect();
    assert!(header.contains(&format!("#define CODETUNE_MAGIC {{{}}}", letters.join(", "))));
}
