//! Decides whether a `.h` file is C or C++.

use super::language::Language;
use super::prepare::tokens::{TokenKind, Tokens, tokens};

impl Language {
    /// Whether a `.h` file is C or C++, from its text: C++ where something in it is no C, and is not for compilers of
    /// C++ only.
    pub fn of_header(text: &str) -> Self {
        language_of_header(text)
    }
}

/// Code that depends on `__cplusplus` says nothing: headers for both languages contain it.
fn language_of_header(text: &str) -> Language {
    let tokens = tokens(text);
    let code = Tokens { text, list: &tokens };
    // For each enclosing conditional, whether it tests the language; for each brace, whether it belongs to a structure.
    let (mut conditionals, mut braces): (Vec<bool>, Vec<bool>) = (Vec::new(), Vec::new());
    for (index, token) in tokens.iter().enumerate() {
        let word = code.word(index);
        let guarded = conditionals.contains(&true);
        if token.kind == TokenKind::Directive {
            let line = word.trim_start_matches('#').trim_start();
            if line.starts_with("if") {
                if line.starts_with("ifndef")
                    && line.contains("__cplusplus")
                    && code.word(index + 1).contains("error")
                {
                    return Language::Cpp;
                }
                // Deeper nesting adds no information.
                conditionals.push(guarded || line.contains("__cplusplus"));
            } else if line.starts_with("endif") {
                conditionals.pop();
            } else if !guarded && includes_cpp(line) {
                return Language::Cpp;
            }
            continue;
        }
        if !guarded
            && (code.is_cpp(index)
                || word == "{" && code.before(index, 1) == ")" && braces.last() == Some(&true))
        {
            return Language::Cpp;
        }
        match word {
            "{" => {
                let is_structure = |count| matches!(code.before(index, count), "struct" | "union");
                braces.push(is_structure(1) || is_structure(2));
            }
            "}" => _ = braces.pop(),
            _ => {}
        }
    }
    Language::C
}

/// Whether a directive includes a C++ header: those of the standard library have no extension.
fn includes_cpp(line: &str) -> bool {
    let Some(path) = line.strip_prefix("include").map(str::trim_start) else { return false };
    match path.strip_prefix('<').and_then(|path| path.split_once('>')) {
        Some((name, _)) => !name.contains(['.', '/']) || name.ends_with(".hpp"),
        None => [".hpp\"", ".hh\"", ".hxx\""].iter().any(|end| path.contains(end)),
    }
}

impl Tokens<'_> {
    fn is_name(&self, index: usize) -> bool {
        self.kind(index) == Some(TokenKind::Word)
    }

    /// Whether the token at `index`, in its context, is C++ but not C.
    fn is_cpp(&self, index: usize) -> bool {
        let (word, next, second) = (self.word(index), self.word(index + 1), self.word(index + 2));
        let begins = matches!(self.before(index, 1), "" | ";" | "{" | "}" | ">" | ":")
            || self.before(index, 1).starts_with('#');
        match word {
            "template" => next == "<",
            "namespace" => {
                begins
                    && (next == "{"
                        || self.is_name(index + 1)
                            && (matches!(second, "{" | "::" | "=") || self.is_name(index + 2)))
            }
            "using" => begins && self.is_name(index + 1),
            "class" => (begins || self.before(index, 1) == "enum") && self.is_name(index + 1),
            "struct" => self.is_name(index + 1) && second == ":" && self.is_name(index + 3),
            "public" | "protected" | "private" => begins && next == ":",
            "virtual" | "explicit" | "friend" => begins && self.is_name(index + 1),
            "static_cast" | "dynamic_cast" | "reinterpret_cast" | "const_cast" => next == "<",
            "operator" => {
                let sign = !self.is_name(index + 1) && !matches!(next, ")" | "," | ";" | "." | "->");
                sign && (second == "(" || self.word(index + 3) == "(")
            }
            // In a C23 attribute it is in `[[…]]`, in assembly before a string.
            "::" => self.is_name(index + 1) && self.before(index, 2) != "[" && self.before(index, 4) != "[",
            "const" if self.before(index, 1) == ")" => {
                matches!(next, "{" | ";" | "=" | "override" | "noexcept")
            }
            "const" => {
                self.is_name(index + 1)
                    && second == "&"
                    && (self.is_name(index + 3) || matches!(self.word(index + 3), "," | ")"))
            }
            "override" | "noexcept" => self.before(index, 1) == ")",
            "=" => matches!(next, "default" | "delete") && second == ";" && self.before(index, 1) == ")",
            "extern" => next == "\"C\"" || next == "\"C++\"",
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_cpp_has_tells() {
        for text in [
            "namespace a {\n}\n",
            "namespace a::b { }",
            "template <typename T>\nT id(T t);\n",
            "struct A {\n  public:\n  int x;\n};\n",
            "struct Base { int width = 0; };\nstruct Derived : Base { int w; };\n",
            "struct A { int twice() { return 2; } };",
            "struct A { int twice() const; };",
            "class Later;\n",
            "class API Foo : public Bar { };",
            "enum class Color { Red };",
            "using size = unsigned;",
            "std::string name();\n",
            "int f(const Foo &foo);\n",
            "struct A { A(const A &) = delete; };",
            "struct A { virtual void f(); };",
            "bool operator==(A a, A b);",
            "#include <string>\n",
            "namespace std VISIBILITY(default)\n{\n}\n",
            "#include \"base.hpp\"\n",
            "#ifndef __cplusplus\n#error C++ only\n#endif\n",
            "inline int f(void *p) { return *static_cast<int *>(p); }\n",
        ] {
            assert_eq!(language_of_header(text), Language::Cpp, "{text}");
        }
    }

    #[test]
    fn what_c_has_too_or_asks_for_the_language_does_not() {
        for text in [
            "",
            "#ifdef __cplusplus\nextern \"C\" {\n#endif\nint f(void); // a class of namespace things\n",
            "#if defined(__cplusplus) && X\nnamespace a {\n#if Y\nclass B;\n#endif\n}\n#else\nint x;\n#endif\n",
            "#include <sys/types.h>\n#include \"local.h\"\n#define CLASS class Foo { }\n",
            "struct stat { int class; int new; };\nint (*operator)(int);\n",
            "int private(struct class *class, int template, int namespace);\n",
            "struct bits { unsigned a : 1; unsigned : 0; };\n",
            "static inline int f(int a) { switch (a) { case A: return 1; } return a ? b : c; }\n",
            "[[gnu::packed]] struct a { int b; };\n",
            "const char *name; /* std::string */ const char *s = \"a::b\";\n",
            "int f(int a, const int *b) { return a &&b; }\n",
            "static inline void f(void) { asm volatile(\"\" ::: \"memory\"); asm(\"x\" :: \"r\"(1)); }\n",
        ] {
            assert_eq!(language_of_header(text), Language::C, "{text}");
        }
    }
}
