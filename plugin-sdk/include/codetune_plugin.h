/* The C ABI between codetune and native plugins, version 0.
 *
 * A plugin is a dynamic library that exports one constant of type `codetune_plugin`, named `codetune_plugin_abi0_`
 * followed by its own name, and that contains its manifest (TOML) in the section `.codetune`, where the host reads it
 * without loading the library. The major version is part of the symbol, so that a host can reject a library of another
 * version before running any of its code.
 *
 * - Tables start with their size and grow at the end. Set `size` to `sizeof` of your table, never copy the host's, and
 *   check CODETUNE_HOST_HAS before calling a host function that was added after this major version started.
 * - All arguments are borrowed for the duration of a call; nothing is freed across the boundary.
 * - An instance is called by one thread at a time. Several instances may be called concurrently.
 * - The results of an analyzer for a file must only depend on that file and the configuration: they are cached.
 * - Text is UTF-8 without a terminating NUL. Spans are in bytes, from `start` up to but not including `end`, on character
 *   boundaries. The host validates everything.
 * - No exception, longjmp or signal may cross the boundary. Report errors with `fail`.
 *
 * The header works with C11, C++11 and later. `examples/c-analyzer` is a complete plugin. Everything here mirrors
 * `plugin-sdk/src/abi.rs`; a test compares the two.
 */
#ifndef CODETUNE_PLUGIN_H
#define CODETUNE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CODETUNE_ABI_MAJOR 0

/* The first eight bytes of `codetune_plugin`. */
#define CODETUNE_MAGIC {'c', 'o', 'd', 'e', 't', 'u', 'n', 'e'}

/* Status of a call. */
#define CODETUNE_OK 0u
#define CODETUNE_FAILED 1u

/* An absent optional index. */
#define CODETUNE_NONE UINT32_MAX

/* Kinds of `fail` and `fail_source`. */
#define CODETUNE_FAIL_INVALID_CONFIG 0u /* the options do not go together */
#define CODETUNE_FAIL_REFUSED 1u        /* the plugin will not do it */
#define CODETUNE_FAIL_FAILED 2u         /* it went wrong */
#define CODETUNE_FAIL_CANCELLED 3u      /* the host asked to stop */
#define CODETUNE_FAIL_PANICKED 4u       /* a defect of the plugin; the instance is not called again */

/* Levels of `log`. */
#define CODETUNE_LOG_ERROR 0u
#define CODETUNE_LOG_WARN 1u
#define CODETUNE_LOG_INFO 2u
#define CODETUNE_LOG_DEBUG 3u

/* Severities of findings. */
#define CODETUNE_NOTE 0u
#define CODETUNE_WARNING 1u
#define CODETUNE_ERROR 2u

/* Elements borrowed for the duration of a call. `pointer` may be null if `length` is 0. */
#define CODETUNE_SLICE(name, element) \
  typedef struct name {               \
    const element *pointer;           \
    size_t length;                    \
  } name

/* UTF-8 text. */
CODETUNE_SLICE(codetune_str, uint8_t);
CODETUNE_SLICE(codetune_strs, codetune_str);
CODETUNE_SLICE(codetune_u32s, uint32_t);
CODETUNE_SLICE(codetune_u64s, uint64_t);
CODETUNE_SLICE(codetune_i64s, int64_t);
CODETUNE_SLICE(codetune_f64s, double);

/* An initializer of `codetune_str` from a string literal. */
#ifdef __cplusplus
#define CODETUNE_TEXT(literal) {reinterpret_cast<const uint8_t *>(literal), sizeof(literal) - 1}
#else
#define CODETUNE_TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}
#endif

/* Embeds the manifest, a string literal. Its terminating NUL is included, as C++ requires, and ignored by the host. */
#if defined(__APPLE__)
#define CODETUNE_MANIFEST_SECTION __attribute__((used, section("__DATA,__codetune")))
#else
#define CODETUNE_MANIFEST_SECTION __attribute__((used, section(".codetune")))
#endif
#define CODETUNE_MANIFEST(variable, literal) \
  CODETUNE_MANIFEST_SECTION static const char variable[] = literal

/* Write this before the definition of the exported `const codetune_plugin`, at file scope. In C++, a constant would
 * otherwise have internal linkage and a mangled name. */
#ifdef __cplusplus
#define CODETUNE_EXPORT extern "C" __attribute__((used, visibility("default")))
#else
#define CODETUNE_EXPORT __attribute__((used, visibility("default")))
#endif

/* ---- Input of an analyzer ---- */

/* The configuration, and the names in the plugin's manifest. */
typedef struct codetune_setup {
  codetune_str config;      /* a JSON object: every option, checked, defaults filled in */
  codetune_strs rules;      /* rule ids; a rule's place is its number in findings */
  codetune_strs attributes; /* attribute names; an attribute's place is its number */
} codetune_setup;

/* A source of a batch, numbered by its position. */
typedef struct codetune_source {
  codetune_str path;     /* relative to the root of the analysis, separated by `/` */
  codetune_str language; /* `rust`, `python`, `c`, ...; `text` where there is no grammar */
  codetune_str text;     /* the whole text */
} codetune_source;
CODETUNE_SLICE(codetune_sources, codetune_source);

/* A captured node. */
typedef struct codetune_capture {
  uint32_t pattern;  /* which pattern of the query matched, in the order of its text */
  uint32_t name;     /* index into `names` */
  uint32_t match_id; /* captures of one match share it */
  uint32_t start;    /* first byte */
  uint32_t end;      /* one past the last byte */
} codetune_capture;
CODETUNE_SLICE(codetune_capture_list, codetune_capture);

/* The results of a query, sorted by start, then longest first, then pattern, then name. */
typedef struct codetune_captures {
  codetune_strs names; /* capture names, without `@` */
  codetune_capture_list items;
} codetune_captures;

/* ---- Output of an analyzer ---- */

typedef struct codetune_finding {
  uint32_t rule;     /* rule number */
  uint32_t severity; /* CODETUNE_NOTE, CODETUNE_WARNING or CODETUNE_ERROR */
  uint32_t start;    /* first byte */
  uint32_t end;      /* one past the last byte */
  uint32_t message;  /* index into `strings`, or CODETUNE_NONE: the rule's summary stands in */
} codetune_finding;
CODETUNE_SLICE(codetune_findings, codetune_finding);

/* A replacement that fixes a finding. */
typedef struct codetune_edit {
  uint32_t finding;     /* index into `findings` */
  uint32_t start;       /* first byte */
  uint32_t end;         /* one past the last byte */
  uint32_t replacement; /* index into `strings` */
} codetune_edit;
CODETUNE_SLICE(codetune_edits, codetune_edit);

/* A part of a file that attributes can refer to: a function, a class. */
typedef struct codetune_symbol {
  uint32_t name;  /* index into `strings` */
  uint32_t start; /* first byte */
  uint32_t end;   /* one past the last byte */
} codetune_symbol;
CODETUNE_SLICE(codetune_symbols, codetune_symbol);

#define CODETUNE_INTEGER 0u
#define CODETUNE_FLOAT 1u
#define CODETUNE_BOOLEAN 2u
#define CODETUNE_STRING 3u

/* A typed value attached to a file or a symbol. */
typedef struct codetune_attribute {
  uint32_t id;       /* attribute number */
  uint32_t subject;  /* 0 for the file, or 1 + an index into `symbols` */
  uint32_t tag;      /* CODETUNE_INTEGER, ... : the type that the manifest declares */
  uint32_t reserved; /* 0 */
  uint64_t bits;     /* the integer (two's complement), the float's bits, 0 or 1, or a string index */
} codetune_attribute;
CODETUNE_SLICE(codetune_attributes, codetune_attribute);

typedef struct codetune_report {
  codetune_findings findings;
  codetune_edits edits;
  codetune_symbols symbols;
  codetune_attributes attributes;
  codetune_strs strings; /* the texts that the rest refers to by index */
} codetune_report;

/* ---- Training backends ---- */

#define CODETUNE_ROLE_LINEAR 0u    /* weight of a projection, [out, in] */
#define CODETUNE_ROLE_BIAS 1u      /* bias of a projection or a norm, [out] */
#define CODETUNE_ROLE_EMBEDDING 2u /* [vocabulary, hidden] */
#define CODETUNE_ROLE_NORM 3u      /* weight of a norm, [hidden] */

#define CODETUNE_INIT_NORMAL 0u
#define CODETUNE_INIT_ONES 1u
#define CODETUNE_INIT_ZEROS 2u

typedef struct codetune_parameter {
  codetune_str name; /* as in the checkpoint */
  codetune_u64s shape;
  uint32_t role;        /* CODETUNE_ROLE_... */
  uint32_t initializer; /* CODETUNE_INIT_...: how `model init` fills it */
  double deviation;     /* standard deviation of a normal initializer */
} codetune_parameter;
CODETUNE_SLICE(codetune_parameters, codetune_parameter);

typedef struct codetune_plan {
  uint32_t blocks;        /* how many times `block` is called */
  uint32_t reserved;      /* 0 */
  uint64_t vocabulary;    /* number of token ids */
  uint64_t max_positions; /* longest sequence */
  codetune_parameters parameters;
  codetune_strs default_targets; /* projections that adapters go on where the user names none */
} codetune_plan;

/* The operations: `name`, and the contents of `inputs`, `integers` and `floats`, in this order. */
#define CODETUNE_OP_EMBEDDING 0u      /* name; ids */
#define CODETUNE_OP_LINEAR 1u         /* name; x */
#define CODETUNE_OP_RMS_NORM 2u       /* name; x; -; epsilon */
#define CODETUNE_OP_LAYER_NORM 3u     /* name; x; -; epsilon */
#define CODETUNE_OP_ROPE 4u           /* -; x; -; inverse frequencies, head_dim / 2 of them */
#define CODETUNE_OP_ATTENTION 5u      /* -; q, k, v; cache slot, window or -1; scale */
#define CODETUNE_OP_SWIGLU 6u         /* -; gate, up */
#define CODETUNE_OP_SILU 7u           /* -; x */
#define CODETUNE_OP_GELU 8u           /* -; x; 1 for the tanh approximation */
#define CODETUNE_OP_SOFTMAX 9u        /* -; x */
#define CODETUNE_OP_ADD 10u           /* -; a, b */
#define CODETUNE_OP_MUL 11u           /* -; a, b */
#define CODETUNE_OP_SCALE 12u         /* -; x; -; factor */
#define CODETUNE_OP_MATMUL 13u        /* -; a, b */
#define CODETUNE_OP_RESHAPE 14u       /* -; x; the new shape */
#define CODETUNE_OP_TRANSPOSE 15u     /* -; x; two dimensions */
#define CODETUNE_OP_SPLIT_HEADS 16u   /* -; x; heads */
#define CODETUNE_OP_MERGE_HEADS 17u   /* -; x */
#define CODETUNE_OP_SLICE 18u         /* -; x; dimension, start, length */
#define CODETUNE_OP_CAT 19u           /* -; the parts; dimension */
#define CODETUNE_OP_REDUCE 20u        /* -; x; CODETUNE_REDUCE_..., dimension */
#define CODETUNE_OP_CROSS_ENTROPY 21u /* -; logits, targets */

#define CODETUNE_REDUCE_SUM 0u
#define CODETUNE_REDUCE_MEAN 1u

typedef struct codetune_tensor_op {
  uint32_t code;     /* CODETUNE_OP_... */
  uint32_t reserved; /* 0 */
  codetune_str name; /* the parameter without `.weight`, where the operation names one */
  codetune_u32s inputs;
  codetune_i64s integers;
  codetune_f64s floats;
} codetune_tensor_op;

/* ---- The tables ---- */

/* The services of the host. Every function takes `context` as its first argument. */
typedef struct codetune_host {
  size_t size;
  void *context;
  /* Writes a line to the host's log. Lines beyond the plugin's output limit are dropped and counted. */
  void (*log)(void *context, uint32_t level, codetune_str message);
  /* Sets the reason why the current call fails; return CODETUNE_FAILED afterwards. */
  void (*fail)(void *context, uint32_t kind, codetune_str message);
  /* Sets the reason why a source of the batch fails; the others are not affected. */
  void (*fail_source)(void *context, uint32_t source, uint32_t kind, codetune_str message);
  /* Passes the report of a source of the batch. */
  void (*report)(void *context, uint32_t source, const codetune_report *report);
  /* Runs a tree-sitter query on a source. The data in `out` is valid until the next query of the call; with
   * CODETUNE_FAILED, `error` says what is wrong with the pattern. */
  uint32_t (*query)(void *context, uint32_t source, codetune_str pattern, codetune_captures *out,
                    codetune_str *error);
  /* Passes the plan of a training backend. */
  void (*plan)(void *context, const codetune_plan *plan);
  /* Runs a tensor operation. `out` is a new tensor, which the plugin releases with `tensor_drop` or returns. The data in
   * `error` is valid until the next operation of the call. */
  uint32_t (*tensor_op)(void *context, const codetune_tensor_op *op, uint32_t *out, codetune_str *error);
  /* The shape of a tensor. The data in `out` is valid until the next shape of the call. */
  uint32_t (*tensor_shape)(void *context, uint32_t tensor, codetune_u64s *out);
  /* Releases a tensor. */
  void (*tensor_drop)(void *context, uint32_t tensor);
} codetune_host;

/* Whether the host's table is new enough to have `field`. */
#define CODETUNE_HOST_HAS(host, field) \
  ((host)->size >= offsetof(codetune_host, field) + sizeof((host)->field))

/* The functions of an analyzer. The host's table outlives the instance. */
typedef struct codetune_analyzer {
  size_t size;
  /* Creates an instance. `*instance` must not be null. */
  uint32_t (*configure)(const codetune_host *host, const codetune_setup *setup, void **instance);
  /* Analyzes a batch: calls `report` or `fail_source` exactly once for each source. */
  uint32_t (*analyze)(const codetune_host *host, void *instance, codetune_sources batch);
  /* Destroys an instance. */
  void (*free)(const codetune_host *host, void *instance);
} codetune_analyzer;

/* The functions of a training backend. The host owns tensor arguments and takes ownership of returned tensors. */
typedef struct codetune_backend {
  size_t size;
  /* Reads `config.json`, calls `plan` once, and creates an instance. */
  uint32_t (*configure)(const codetune_host *host, codetune_str config, void **instance);
  /* Token ids [b, s] to hidden states [b, s, hidden]. */
  uint32_t (*embed)(const codetune_host *host, void *instance, uint32_t ids, uint32_t *out);
  /* A block, from hidden states to hidden states. */
  uint32_t (*block)(const codetune_host *host, void *instance, uint32_t index, uint32_t x, uint32_t *out);
  /* Hidden states to logits [b, s, vocabulary]. */
  uint32_t (*logits)(const codetune_host *host, void *instance, uint32_t x, uint32_t *out);
  /* Hidden states and targets to the loss, a scalar. */
  uint32_t (*loss)(const codetune_host *host, void *instance, uint32_t x, uint32_t targets, uint32_t *out);
  /* Destroys an instance. */
  void (*free)(const codetune_host *host, void *instance);
} codetune_backend;

/* The exported table of a plugin. */
typedef struct codetune_plugin {
  uint8_t magic[8]; /* CODETUNE_MAGIC */
  size_t size;
  codetune_str manifest;             /* the same text as in the section */
  const codetune_analyzer *analyzer; /* null where the plugin is no analyzer */
  const codetune_backend *backend;   /* null where the plugin is no training backend */
} codetune_plugin;

#ifdef __cplusplus
}
#endif

#endif
