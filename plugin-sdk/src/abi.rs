//! The C ABI between the host and native plugins, which built-in plugins use as well.
//!
//! A plugin exports one symbol: a constant [`Plugin`] named `codetune_plugin_abi0_` followed by its own name. The major
//! version is part of the symbol, so that a host can reject a library before running any of its code. Tables start with
//! their size and grow at the end. Readers require what this major version started with ([`Table::NEEDED`]): they
//! ignore the additional fields of newer tables, and do without those that older tables lack. All arguments are
//! borrowed for the duration of a call, and nothing is freed across the boundary. `include/codetune_plugin.h` is the
//! same in C.

use std::ffi::c_void;
use std::mem::offset_of;

use crate::source::Capture;

/// The major version. Tables of another major version have another meaning.
pub const MAJOR: u32 = 0;

/// The prefix of the exported symbol.
pub const SYMBOL_PREFIX: &str = "codetune_plugin_abi";

/// The section with the manifest, which can be read without loading the library.
pub const MANIFEST_SECTION: &str = ".codetune";

/// The value of [`Plugin::magic`].
pub const MAGIC: [u8; 8] = *b"codetune";

/// Status of a call: success.
pub const OK: u32 = 0;
/// Status of a call: failure; [`Host::fail`] or an error text has the reason.
pub const FAILED: u32 = 1;

/// Kinds of [`Host::fail`], in the order of [`crate::Error`]; a panic is the plugin's fault.
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

/// Elements borrowed for the duration of a call. `pointer` may be null if `length` is 0.
#[derive(Debug)]
#[repr(C)]
pub struct Slice<T> {
    /// The first element.
    pub pointer: *const T,
    /// The number of elements.
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

    /// Returns the elements.
    ///
    /// # Safety
    /// `pointer` and `length` must describe initialized elements that outlive `'a`.
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

    /// Returns the text; `None` if it is not UTF-8.
    ///
    /// # Safety
    /// As [`Slice::get`].
    pub unsafe fn to_str<'a>(self) -> Option<&'a str> {
        // SAFETY: the caller vouches for pointer and length.
        std::str::from_utf8(unsafe { self.get() }).ok()
    }
}

/// A table with its own size that grows at the end.
///
/// # Safety
/// The type is `repr(C)` and consists of pointer-sized fields, and [`Table::SIZE_AT`] is the offset of a `usize` with
/// the size of the table. Every field past [`Table::NEEDED`] must be valid if its bytes are all 0, like an `Option` of
/// a function: that is how readers see fields missing from older tables.
pub unsafe trait Table: Copy {
    /// The offset of the size, in bytes.
    const SIZE_AT: usize = 0;
    /// The size that this major version started with. It never changes within the major version.
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

/// The exported table of a plugin.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Plugin {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// The size of this table in the plugin's build.
    pub size: usize,
    /// The manifest in TOML.
    pub manifest: Str,
    /// Null if the plugin is not an analyzer.
    pub analyzer: *const Analyzer,
    /// Null if the plugin is not a training backend.
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
    /// The size of this table in the plugin's build.
    pub size: usize,
    /// Creates an instance.
    pub configure:
        unsafe extern "C" fn(host: *const Host, setup: *const Setup, instance: *mut *mut c_void) -> u32,
    /// Analyzes a batch: for each source, the plugin calls [`Host::report`] or [`Host::fail_source`] once.
    pub analyze: unsafe extern "C" fn(host: *const Host, instance: *mut c_void, batch: Slice<Source>) -> u32,
    /// Destroys an instance.
    pub free: unsafe extern "C" fn(host: *const Host, instance: *mut c_void),
}

/// The functions of a training backend. A status is [`OK`] or [`FAILED`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Backend {
    /// The size of this table in the plugin's build.
    pub size: usize,
    /// Reads `config.json`, calls [`Host::plan`] once, and creates an instance.
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
    /// Destroys an instance.
    pub free: unsafe extern "C" fn(host: *const Host, instance: *mut c_void),
}

/// The services of the host. Every function takes `context` as its first argument.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Host {
    /// The size of this table in the host's build.
    pub size: usize,
    /// Private to the host.
    pub context: *mut c_void,
    /// Writes a line to the host's log; levels as in [`crate::LogLevel`].
    pub log: unsafe extern "C" fn(context: *mut c_void, level: u32, message: Str),
    /// Sets the reason why the current call fails; kinds as in [`FailKind`].
    pub fail: unsafe extern "C" fn(context: *mut c_void, kind: u32, message: Str),
    /// Sets the reason why a source of the batch fails.
    pub fail_source: unsafe extern "C" fn(context: *mut c_void, source: u32, kind: u32, message: Str),
    /// Passes the report of a source of the batch.
    pub report: unsafe extern "C" fn(context: *mut c_void, source: u32, report: *const Report),
    /// Runs a query on a source of the batch. The data in `out` is valid until the next query of the call.
    pub query: unsafe extern "C" fn(
        context: *mut c_void,
        source: u32,
        pattern: Str,
        out: *mut Captures,
        error: *mut Str,
    ) -> u32,
    /// Passes the plan of a training backend.
    pub plan: unsafe extern "C" fn(context: *mut c_void, plan: *const Plan),
    /// Runs a tensor operation. The data in `error` is valid until the next operation of the call.
    pub tensor_op: unsafe extern "C" fn(
        context: *mut c_void,
        op: *const TensorOp,
        out: *mut u32,
        error: *mut Str,
    ) -> u32,
    /// The shape of a tensor. The data in `out` is valid until the next shape of the call.
    pub tensor_shape: unsafe extern "C" fn(context: *mut c_void, tensor: u32, out: *mut Slice<u64>) -> u32,
    /// Releases a tensor.
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

/// A source of a batch, numbered by its position.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Source {
    /// Relative path.
    pub path: Str,
    /// Language id.
    pub language: Str,
    /// The text.
    pub text: Str,
}

/// [`crate::Captures`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Captures {
    /// Capture names.
    pub names: Slice<Str>,
    /// Captured nodes.
    pub items: Slice<Capture>,
}

/// An absent optional index.
pub const NONE: u32 = u32::MAX;

/// [`crate::Finding`].
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Finding {
    /// Rule index.
    pub rule: u32,
    /// As in [`crate::Severity`].
    pub severity: u32,
    /// Start offset in bytes.
    pub start: u32,
    /// End offset in bytes.
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
    /// Start offset in bytes.
    pub start: u32,
    /// End offset in bytes.
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
    /// Start offset in bytes.
    pub start: u32,
    /// End offset in bytes.
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
    /// The integer, the bits of the float, 0 or 1, or a string index.
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
    /// Vocabulary size.
    pub vocabulary: u64,
    /// Maximum sequence length.
    pub max_positions: u64,
    /// All parameters.
    pub parameters: Slice<Parameter>,
    /// Default adapter targets.
    pub default_targets: Slice<Str>,
}

/// [`crate::Op`]. Operands are listed in the order of its fields: tensors in `inputs`, integers in `integers` (-1 for
/// an absent `window`), other numbers in `floats`. [`Op::decode`](crate::Op::decode) reads it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct TensorOp {
    /// See [`Op::code`](crate::Op::code).
    pub code: u32,
    /// Always 0.
    pub reserved: u32,
    /// The parameter, if the operation uses one.
    pub name: Str,
    /// Tensors.
    pub inputs: Slice<u32>,
    /// Integers.
    pub integers: Slice<i64>,
    /// Other numbers.
    pub floats: Slice<f64>,
}
