//! The C ABI between the host and a native plugin, which built-ins go through as well.
//!
//! A plugin exports one symbol, a constant [`Plugin`] named `codetune_plugin_abi0_` and a name of its own.
//! The major version is part of the symbol, so that a host refuses a library before running any of its code.
//! Tables begin with their size and only ever grow at the end. A reader asks for what this major version began
//! with ([`Table::NEEDED`]), never for what its own build knows: it passes over what a newer table has beyond, and
//! does without what an older one lacks.
//! Everything handed over is borrowed for the length of the call; nothing is freed across the boundary.
//! `include/codetune_plugin.h` is the same in C.

use std::ffi::c_void;
use std::mem::offset_of;

/// The major version: tables of another major have another meaning.
pub const MAJOR: u32 = 0;

/// How the exported symbol begins.
pub const SYMBOL_PREFIX: &str = "codetune_plugin_abi";

/// The section that holds the manifest, readable without loading the library.
pub const MANIFEST_SECTION: &str = ".codetune";

/// How [`Plugin::magic`] reads.
pub const MAGIC: [u8; 8] = *b"codetune";

/// A call's status: it went well.
pub const OK: u32 = 0;
/// A call's status: it failed, and [`Host::fail`] or an error text said why.
pub const FAILED: u32 = 1;

/// [`Host::fail`] kinds, in the order of [`crate::Error`]; a panic is the plugin's own fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum FailKind {
    /// [`crate::Error::InvalidConfig`]
    InvalidConfig = 0,
    /// [`crate::Error::Refused`]
    Refused = 1,
    /// [`crate::Error::Failed`]
    Failed = 2,
    /// [`crate::Error::Cancelled`]
    Cancelled = 3,
    /// The plugin panicked; the instance must not be called again.
    Panicked = 4,
}

/// Elements that the callee borrows for the length of the call. `pointer` may be null where `length` is 0.
#[derive(Debug)]
#[repr(C)]
pub struct Slice<T> {
    /// The first element.
    pub pointer: *const T,
    /// How many there are.
    pub length: usize,
}

impl<T> Clone for Slice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slice<T> {}

impl<T> Slice<T> {
    /// Borrows a Rust slice.
    pub const fn of(items: &[T]) -> Self {
        Slice { pointer: items.as_ptr(), length: items.len() }
    }

    /// Reads the elements.
    ///
    /// # Safety
    /// `pointer` and `length` must describe initialised elements that outlive `'a`.
    pub unsafe fn get<'a>(self) -> &'a [T] {
        if self.length == 0 || self.pointer.is_null() {
            return &[];
        }
        // SAFETY: the caller vouches for pointer and length.
        unsafe { std::slice::from_raw_parts(self.pointer, self.length) }
    }
}

/// UTF-8 text.
pub type Str = Slice<u8>;

impl Str {
    /// Borrows a text.
    pub const fn text(text: &str) -> Self {
        Slice { pointer: text.as_ptr(), length: text.len() }
    }

    /// Reads the text; `None` where it is not UTF-8.
    ///
    /// # Safety
    /// As for [`Slice::get`].
    pub unsafe fn to_str<'a>(self) -> Option<&'a str> {
        // SAFETY: the caller vouches for pointer and length.
        std::str::from_utf8(unsafe { self.get() }).ok()
    }
}

/// A table that says its own size and only ever grows at its end.
///
/// # Safety
/// The type is `repr(C)` and made of pointer-sized fields, and [`Table::SIZE_AT`] is where a `usize` with the size of
/// the whole table stands. Every field past [`Table::NEEDED`] is valid where its bytes are all 0, as an `Option` of a
/// function is: so a reader sees what an older table lacks.
pub unsafe trait Table: Copy {
    /// Where the size stands, in bytes from the start.
    const SIZE_AT: usize = 0;
    /// The size that this major version began with. It never changes within the major version.
    const NEEDED: usize;
}

// SAFETY: `size` is the field at `SIZE_AT`, and there are no fields past `backend` yet.
unsafe impl Table for Plugin {
    const SIZE_AT: usize = offset_of!(Plugin, size);
    const NEEDED: usize = offset_of!(Plugin, backend) + size_of::<*const Backend>();
}

// SAFETY: the size comes first, and there are no fields past `free` yet.
unsafe impl Table for Analyzer {
    const NEEDED: usize = offset_of!(Analyzer, free) + size_of::<usize>();
}

// SAFETY: as above.
unsafe impl Table for Backend {
    const NEEDED: usize = offset_of!(Backend, free) + size_of::<usize>();
}

// SAFETY: the size comes first, and there are no fields past `tensor_drop` yet.
unsafe impl Table for Host {
    const NEEDED: usize = offset_of!(Host, tensor_drop) + size_of::<usize>();
}

/// What a plugin exports.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Plugin {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// The size of this table as the plugin knows it.
    pub size: usize,
    /// The manifest, TOML.
    pub manifest: Str,
    /// Null where the plugin is no analyzer.
    pub analyzer: *const Analyzer,
    /// Null where the plugin is no training backend.
    pub backend: *const Backend,
}

// SAFETY: the table is constant data and the functions it names may be called from any thread.
unsafe impl Sync for Plugin {}
// SAFETY: as above.
unsafe impl Send for Plugin {}

/// The functions of an analyzer. A status is [`OK`] or [`FAILED`]. The host table outlives the instance.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Analyzer {
    /// The size of this table as the plugin knows it.
    pub size: usize,
    /// Makes an instance.
    pub configure:
        unsafe extern "C" fn(host: *const Host, setup: *const Setup, instance: *mut *mut c_void) -> u32,
    /// Analyses a batch: for each source the plugin calls [`Host::report`] or [`Host::fail_source`] once.
    pub analyze: unsafe extern "C" fn(host: *const Host, instance: *mut c_void, batch: Slice<Source>) -> u32,
    /// Ends an instance.
    pub free: unsafe extern "C" fn(host: *const Host, instance: *mut c_void),
}

/// The functions of a training backend. A status is [`OK`] or [`FAILED`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Backend {
    /// The size of this table as the plugin knows it.
    pub size: usize,
    /// Reads `config.json`, calls [`Host::plan`] once and makes an instance.
    pub configure: unsafe extern "C" fn(host: *const Host, config: Str, instance: *mut *mut c_void) -> u32,
    /// See [`crate::TrainingBackend::embed`].
    pub embed: unsafe extern "C" fn(host: *const Host, instance: *mut c_void, ids: u32, out: *mut u32) -> u32,
    /// See [`crate::TrainingBackend::block`].
    pub block: unsafe extern "C" fn(
        host: *const Host,
        instance: *mut c_void,
        index: u32,
        x: u32,
        out: *mut u32,
    ) -> u32,
    /// See [`crate::TrainingBackend::logits`].
    pub logits: unsafe extern "C" fn(host: *const Host, instance: *mut c_void, x: u32, out: *mut u32) -> u32,
    /// See [`crate::TrainingBackend::loss`].
    pub loss: unsafe extern "C" fn(
        host: *const Host,
        instance: *mut c_void,
        x: u32,
        targets: u32,
        out: *mut u32,
    ) -> u32,
    /// Ends an instance.
    pub free: unsafe extern "C" fn(host: *const Host, instance: *mut c_void),
}

/// The services of the host. Every function takes `context` back as its first argument.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Host {
    /// The size of this table as the host knows it.
    pub size: usize,
    /// The host's own.
    pub context: *mut c_void,
    /// Adds a line to the host's log; levels as in [`crate::LogLevel`].
    pub log: unsafe extern "C" fn(context: *mut c_void, level: u32, message: Str),
    /// Says why the call under way fails; kinds as in [`FailKind`].
    pub fail: unsafe extern "C" fn(context: *mut c_void, kind: u32, message: Str),
    /// Says why one source of the batch fails.
    pub fail_source: unsafe extern "C" fn(context: *mut c_void, source: u32, kind: u32, message: Str),
    /// Hands over what was found in one source of the batch.
    pub report: unsafe extern "C" fn(context: *mut c_void, source: u32, report: *const Report),
    /// Runs a query on one source of the batch. What `out` points to lives until the next query of the call.
    pub query: unsafe extern "C" fn(
        context: *mut c_void,
        source: u32,
        pattern: Str,
        out: *mut Captures,
        error: *mut Str,
    ) -> u32,
    /// Takes the plan of a training backend.
    pub plan: unsafe extern "C" fn(context: *mut c_void, plan: *const Plan),
    /// Runs a tensor operation. What `error` points to lives until the next operation of the call.
    pub tensor_op: unsafe extern "C" fn(
        context: *mut c_void,
        op: *const TensorOp,
        out: *mut u32,
        error: *mut Str,
    ) -> u32,
    /// The shape of a tensor. What `out` points to lives until the next shape of the call.
    pub tensor_shape: unsafe extern "C" fn(context: *mut c_void, tensor: u32, out: *mut Slice<u64>) -> u32,
    /// Gives a tensor back.
    pub tensor_drop: unsafe extern "C" fn(context: *mut c_void, tensor: u32),
}

/// [`crate::Setup`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Setup {
    /// A JSON object.
    pub config: Str,
    /// Rule ids.
    pub rules: Slice<Str>,
    /// Attribute names.
    pub attributes: Slice<Str>,
}

/// A source of a batch; its place in the batch is its number.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Source {
    /// Relative path.
    pub path: Str,
    /// Language id.
    pub language: Str,
    /// The whole text.
    pub text: Str,
}

/// [`crate::Captures`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Captures {
    /// Capture names.
    pub names: Slice<Str>,
    /// Captured nodes.
    pub items: Slice<crate::Capture>,
}

/// No index: an optional index that is absent.
pub const NONE: u32 = u32::MAX;

/// [`crate::Finding`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Finding {
    /// Rule index.
    pub rule: u32,
    /// As in [`crate::Severity`].
    pub severity: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// String index, or [`NONE`].
    pub message: u32,
}

/// [`crate::Edit`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Edit {
    /// Finding index.
    pub finding: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// String index.
    pub replacement: u32,
}

/// [`crate::Symbol`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Symbol {
    /// String index.
    pub name: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// [`crate::Attribute`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Attribute {
    /// Attribute index.
    pub id: u32,
    /// 0, or 1 + a symbol index.
    pub subject: u32,
    /// 0 integer, 1 float, 2 boolean, 3 text.
    pub tag: u32,
    /// Always 0.
    pub reserved: u32,
    /// The integer, the float's bits, 0 or 1, or a string index.
    pub bits: u64,
}

/// [`crate::Report`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Report {
    /// See [`crate::Report::findings`].
    pub findings: Slice<Finding>,
    /// See [`crate::Report::edits`].
    pub edits: Slice<Edit>,
    /// See [`crate::Report::symbols`].
    pub symbols: Slice<Symbol>,
    /// See [`crate::Report::attributes`].
    pub attributes: Slice<Attribute>,
    /// See [`crate::Report::strings`].
    pub strings: Slice<Str>,
}

/// [`crate::Parameter`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Parameter {
    /// Name in the checkpoint.
    pub name: Str,
    /// Shape.
    pub shape: Slice<u64>,
    /// As in [`crate::Role`].
    pub role: u32,
    /// 0 normal, 1 ones, 2 zeros.
    pub initializer: u32,
    /// Standard deviation of a normal initializer.
    pub deviation: f64,
}

/// [`crate::Plan`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Plan {
    /// Number of blocks.
    pub blocks: u32,
    /// Always 0.
    pub reserved: u32,
    /// Number of token ids.
    pub vocabulary: u64,
    /// Longest sequence.
    pub max_positions: u64,
    /// Every parameter.
    pub parameters: Slice<Parameter>,
    /// Default adapter targets.
    pub default_targets: Slice<Str>,
}

/// [`crate::Op`]. Operands are listed in the order of its fields: tensors in `inputs`, whole numbers in
/// `integers` (an absent `window` is -1), other numbers in `floats`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct TensorOp {
    /// See [`code`].
    pub code: u32,
    /// Always 0.
    pub reserved: u32,
    /// The parameter, where the operation names one.
    pub name: Str,
    /// Tensors.
    pub inputs: Slice<u32>,
    /// Whole numbers.
    pub integers: Slice<i64>,
    /// Other numbers.
    pub floats: Slice<f64>,
}

/// The numbers of the operations; a new operation takes the next one.
#[allow(missing_docs, reason = "named after the variants of `Op`")]
pub mod code {
    pub const EMBEDDING: u32 = 0;
    pub const LINEAR: u32 = 1;
    pub const RMS_NORM: u32 = 2;
    pub const LAYER_NORM: u32 = 3;
    pub const ROPE: u32 = 4;
    pub const ATTENTION: u32 = 5;
    pub const SWIGLU: u32 = 6;
    pub const SILU: u32 = 7;
    pub const GELU: u32 = 8;
    pub const SOFTMAX: u32 = 9;
    pub const ADD: u32 = 10;
    pub const MUL: u32 = 11;
    pub const SCALE: u32 = 12;
    pub const MATMUL: u32 = 13;
    pub const RESHAPE: u32 = 14;
    pub const TRANSPOSE: u32 = 15;
    pub const SPLIT_HEADS: u32 = 16;
    pub const MERGE_HEADS: u32 = 17;
    pub const SLICE: u32 = 18;
    pub const CAT: u32 = 19;
    pub const REDUCE: u32 = 20;
    pub const CROSS_ENTROPY: u32 = 21;
}
