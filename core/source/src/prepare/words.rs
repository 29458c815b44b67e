//! Words of C and C++ that are not names, and how macros are written.

/// Words that name a type.
const TYPES: [&str; 19] = [
    "void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "_Bool", "bool",
    "wchar_t", "char8_t", "char16_t", "char32_t", "auto", "__int64", "__int128", "_Complex",
];

/// Words that go with a type, or come before it.
const SPECIFIERS: [&str; 25] = [
    "const",
    "volatile",
    "static",
    "extern",
    "inline",
    "register",
    "restrict",
    "typedef",
    "constexpr",
    "consteval",
    "constinit",
    "virtual",
    "explicit",
    "friend",
    "mutable",
    "thread_local",
    "_Thread_local",
    "__inline",
    "__inline__",
    "__restrict",
    "__extension__",
    "_Noreturn",
    "__volatile__",
    "__const",
    "__thread",
];

/// Words that are followed by the name of a type.
pub(super) const TAGS: [&str; 4] = ["struct", "union", "enum", "class"];

/// Words between which and what follows no declaration lies.
pub(super) const STATEMENTS: [&str; 55] = [
    "return",
    "case",
    "goto",
    "else",
    "do",
    "new",
    "delete",
    "throw",
    "sizeof",
    "namespace",
    "using",
    "operator",
    "and",
    "or",
    "not",
    "xor",
    "bitand",
    "bitor",
    "compl",
    "break",
    "continue",
    "default",
    "public",
    "private",
    "protected",
    "typename",
    "template",
    "if",
    "for",
    "while",
    "switch",
    "try",
    "catch",
    "co_return",
    "co_await",
    "co_yield",
    "override",
    "final",
    "noexcept",
    "requires",
    "concept",
    "alignas",
    "decltype",
    "static_assert",
    "_Static_assert",
    "asm",
    "__asm__",
    "__asm",
    "__attribute__",
    "__declspec",
    "typeof",
    "__typeof__",
    "true",
    "false",
    "nullptr",
];

/// Whether a word is no name.
pub(super) fn is_keyword(word: &str) -> bool {
    is_type_word(word)
        || SPECIFIERS.contains(&word)
        || TAGS.contains(&word)
        || STATEMENTS.contains(&word)
        || matches!(word, "this" | "alignof" | "_Alignof" | "export" | "module" | "import")
}

/// Whether a word is a type by itself.
pub(super) fn is_type_word(word: &str) -> bool {
    TYPES.contains(&word)
}

/// Whether a word is written as macros are: in capitals.
pub(super) fn is_macro(word: &str) -> bool {
    word.len() > 1
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
        && !word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Whether the first part of a word is in capitals, as of `DECLARE_list`.
pub(super) fn begins_as_macro(word: &str) -> bool {
    word.split_once('_').is_some_and(|(first, _)| {
        first.len() > 2 && first.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}
