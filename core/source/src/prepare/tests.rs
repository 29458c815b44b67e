//! Valid code that the grammars cannot read as it stands.

use crate::{Language, SourceFile};

/// The names of functions, of a text without syntax errors.
fn functions(path: &str, language: Language, text: &str) -> Vec<String> {
    let file = SourceFile::from_bytes(path, language, text.as_bytes()).unwrap();
    let tree = file.tree().unwrap();
    assert!(!tree.root_node().has_error(), "{}: {text}\n{}", file.language(), tree.root_node().to_sexp());
    let pattern = match file.language() {
        Language::C | Language::Cpp => {
            "(function_definition declarator: [(function_declarator declarator: (_) @name)
               (pointer_declarator declarator: (function_declarator declarator: (_) @name))])"
        }
        Language::Java => "(method_declaration name: (_) @name)",
        _ => "(function_declaration name: (_) @name) (method_definition name: (_) @name)",
    };
    let captures = file.query(pattern).unwrap();
    captures.items.iter().map(|c| text[c.start as usize..c.end as usize].to_owned()).collect()
}

#[track_caller]
fn check(language: Language, text: &str, expected: &[&str]) {
    assert_eq!(functions("a", language, text), expected, "{text}");
}

#[test]
fn a_branch_of_the_preprocessor_may_cut_a_statement() {
    let text = "int first(int a)\n{\n    if (a == 1)\n        return 10;\n#ifndef SMALL\n    else if (a == 2) {\n\
        return 20;\n    }\n#endif\n    return 0;\n}\n\nint second(int b)\n{\n    return b ? 1 : 2;\n}\n";
    check(Language::C, text, &["first", "second"]);
    let two = "#ifdef CLEAN\nstatic unsigned mix_clean(unsigned x)\n#else\nunsigned mix(unsigned x)\n#endif\n{\n\
        return x;\n}\nint next_one(int y)\n{\n    while (y > 3)\n        y--;\n    return y;\n}\n";
    check(Language::C, two, &["mix", "next_one"]);
    for (condition, name) in [
        ("#if 0", "b"),
        ("#if 1", "a"),
        ("#ifndef X", "a"),
        ("#if !defined(X)", "a"),
        ("#if defined(X) && defined(Y)", "b"),
        ("#ifdef __cplusplus", "b"),
    ] {
        let text =
            format!("{condition}\nint a(int x,\n#else\nint b(int x,\n#endif\n  int y) {{ return x; }}\n");
        check(Language::C, &text, &[name]);
    }
    let text = "#ifdef __cplusplus\nint a(int x,\n#else\nint b(int x,\n#endif\n  int y) { return x; }\n";
    check(Language::Cpp, text, &["a"]);
    let nested = "int f(int a) {\n  if (a\n#if X\n#if Y\n      && b\n#else\n      && c\n#endif\n#endif\n  ) return 1;\n  return 2;\n}\n";
    check(Language::C, nested, &["f"]);
    let whole = "#ifdef X\nint a(void) { return 1; }\n#else\nint b(void) { return 1; }\n#endif\n";
    check(Language::C, whole, &["a", "b"]);
}

#[test]
fn macros_are_no_part_of_a_declaration() {
    for text in [
        "FORCE_INLINE U32\nf(const void *p) { return 1; }",
        "static DWORD WINAPI f(LPVOID p) { return 1; }",
        "local void f(int a) { }",
        "EXPORT(int) f(int a) { return a; }",
        "void NORETURN f(const char *m) { for (;;) ; }",
        "static int f(const void *data UNUSED, int b UNUSED) { return b; }",
        "int f(int a) ATTR_PURE { return a; }",
        "static int *f(int a) PRINTF_LIKE(1, 2);\nint *f(int a) { return 0; }",
        "extern int g OF((const char *));\nint f(int a) { return a; }",
        "FORMAT(1)\nDEFINE_THING(x)\nint f(int a) { return a; }",
        "static PATH_FUNC(x, \"x\")\nstatic PATH_FUNC(y, \"y\")\nint f(int a) { return a; }",
        "DECLARE_list_of(A, B)\nDECLARE_list_of(C, D)\nint f(int a) { return a; }",
        "NO_SANITIZE(\"alignment\")\nstatic int f(int a) { return a; }",
        "typedef BOOL (WINAPI *handler)(DWORD);\nint f(int a) { return a; }",
        "UNUSED_ATTR static const U32 table[3] = { 1, 2, 3 };\nint f(int a) { return a; }",
        "enum e {\n#define X 1\n  A = X,\n#include \"b.inc\"\n  B\n};\nint f(int a) { return a; }",
        "#define SIZE ((1 << 10) + 2 /* why */ + 3)\nint f(int a) { return a; }",
    ] {
        check(Language::C, text, &["f"]);
    }
    for text in [
        "NS_BEGIN\nnamespace a {\nint f(int b) { return b; }\n}\nNS_END\n",
        "class API(1) A { int f(int b) const LOCKED(m) { return b; } int c GUARDED_BY(m); };",
        "class A {\n  Q_OBJECT\n public:\n  NOINLINE A() : x(1) {}\n};",
        "template <class T, std::enable_if_t<x<T>::v>* = nullptr>\nint f(T b) { return typename T::c(); }",
        "namespace a VISIBILITY(default)\n{\nint f(int b) { return b; }\n}\n",
        "namespace a HIDDEN {\nint f(int b) { return b; }\n}\n",
        "REGISTER(A)->Range(1, 2);\nint f(int b) { return b; }",
    ] {
        assert_eq!(functions("a", Language::Cpp, text).len(), 1, "{text}");
    }
}

#[test]
fn macros_are_no_part_of_an_expression() {
    for body in [
        "printf(\"%016\" PRIx64 \"\\n\", x);",
        "error(\"in \" QUOTED(\"x\") \" here\");",
        "size_t n = 64 MB + (4 KB);",
        "p = va_arg(ap, const char *);",
        "e = container_of(p, const struct entry, member);",
        "list_for_each(pos, &head) { use(pos); }",
        "for_each_item(item, list)\n    use(item);",
        "WITH_LOCK(m) { use(m); }",
        "START\n  use(1);",
        "ROUND(1)\n  ROUND(2)\n  use(1);",
        "return NAME VERSION SUFFIX;",
    ] {
        check(Language::C, &format!("int f(int x) {{\n  {body}\n}}\n"), &["f"]);
    }
}

#[test]
fn code_without_errors_is_parsed_as_it_is() {
    let text = "int f(int x) { FOO(bar) { if (x) g(); } }\n#if A\nint h(void);\n#else\nint h(int);\n#endif\nBOOL i(void) { }\n";
    let tree = super::super::syntax::parse(Language::C, text, crate::WorkBudget::PARSE, &Default::default())
        .unwrap();
    assert_eq!(tree.root_node().to_sexp().matches("preproc_else").count(), 1);
}

#[test]
fn what_is_broken_stays_broken() {
    for (language, text) in [
        (Language::C, "int f(int a) { return a;\n"),
        (Language::C, "int f(int a { return a; }\n"),
        (Language::Cpp, "class A { int f( };\n"),
        (Language::TypeScript, "function f( { return 1; }\n"),
    ] {
        let file = SourceFile::from_bytes("a", language, text.as_bytes()).unwrap();
        assert!(file.tree().unwrap().root_node().has_error(), "{text}");
    }
}

#[test]
fn typescript_may_be_newer_than_its_grammar() {
    for text in [
        "interface P<out T> { make(): T; }\nfunction f() {}",
        "class S<in T, in out U extends V, out W = 1> { f(t: T) {} }",
        "export type * from './a';\nexport type * as b from './b';\nfunction f() {}",
        "declare const a: import('./a').B<C>;\nfunction f(): import(\"b\").D { return 1; }",
        "const a: {\n  <A>(b: A): A\n  <A, B>(b: A, c: B): B\n  (d: string): string\n} = e;\nfunction f() {}",
        "export default function (): { a: b };\nfunction f() {}",
        "const a = sql<{ n: number; m: A<B> }>`select ${n} from m`;\nfunction f() {}",
    ] {
        check(Language::TypeScript, text, &["f"]);
    }
    // Words that are names there.
    check(
        Language::TypeScript,
        "function f(a, out) { return a, out as any; }\nexport type * from './a';",
        &["f"],
    );
}

#[test]
fn java_has_unnamed_variables_and_patterns_of_nested_types() {
    let text = "class A { int f(E e) { for (int _ : xs) { g(); }\n  if (e instanceof B.C(String id) && !id.isEmpty()) return 1;\n\
        return switch (e) { case final B.D d -> 2; case B.E(var x, int _) when x > 1 -> 3; case null, default -> 4; }; } }";
    check(Language::Java, text, &["f"]);
}

#[test]
fn preparing_takes_time_by_the_length_of_the_text() {
    for (language, text) in [
        (Language::C, format!("{}int x\n{}", "#if A\n(".repeat(20_000), ")\n#endif\n".repeat(20_000))),
        (Language::C, format!("{}{}", "\"a\" X(".repeat(50_000), ")".repeat(50_000))),
        (Language::C, format!("{}{}", "f(a, g(".repeat(50_000), "))".repeat(50_000))),
        (Language::TypeScript, format!("{} )", "export default function ():".repeat(40_000))),
        (Language::C, format!("int f() {{ {} }} )", "A B(c) ".repeat(50_000))),
        (Language::C, "(".repeat(200_000)),
        (Language::C, "#endif\n".repeat(50_000) + ")"),
        (Language::Cpp, format!("{} )", "template <class T> A > B ".repeat(20_000))),
        (Language::TypeScript, format!("{} )", "<in T".repeat(40_000))),
        (Language::TypeScript, format!("{} )", "a\n<b".repeat(40_000))),
        (Language::TypeScript, format!("{} )", "}>`a`".repeat(40_000))),
    ] {
        let prepared = super::prepare(language, &text);
        assert!(prepared.is_none_or(|prepared| prepared.len() == text.len()));
    }
}
