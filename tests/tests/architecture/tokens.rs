//! What a source file declares, imports and mentions, read from its tokens.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::slice::Iter;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A module with the modules inside it.
#[derive(Default)]
pub struct Module {
    pub items: Vec<Item>,
    pub imports: Vec<Import>,
    pub modules: Vec<Submodule>,
    /// Every path in its code and attributes, imports apart; one of a single segment is any name.
    pub paths: BTreeSet<Vec<String>>,
    /// The names in calls of macros that stand where items do, any of which the macro may define.
    pub generated: BTreeSet<String>,
}

/// A declaration with a name.
pub struct Item {
    /// The keyword, such as `struct`.
    pub keyword: String,
    pub name: String,
    pub visibility: Visibility,
}

/// Who can name an item, as its declaration says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    Private,
    /// `pub(…)`.
    Restricted,
    Public,
}

/// One name that a `use` brings into scope, or all those of a module.
pub struct Import {
    pub path: Vec<String>,
    /// The name in scope, which is absent for `*`.
    pub name: Option<String>,
}

/// A declared module.
pub struct Submodule {
    pub name: String,
    /// The value of `#[path = "…"]`.
    pub path: Option<String>,
    /// Whether it is there only in tests, by `#[cfg(test)]`.
    pub only_tests: bool,
    /// What is between its braces; absent for one in a file of its own.
    pub body: Option<Module>,
}

type Tokens<'a> = Peekable<Iter<'a, TokenTree>>;

const ITEMS: [&str; 8] = ["struct", "enum", "union", "trait", "type", "fn", "const", "static"];

/// The module that a text is the source of.
pub fn read(text: &str) -> Result<Module, String> {
    let stream: TokenStream = text.parse().map_err(|error| format!("not Rust: {error}"))?;
    Ok(module(stream))
}

fn module(stream: TokenStream) -> Module {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut found = Module::default();
    let mut code = Vec::new();
    let (mut visibility, mut path, mut only_tests) = (Visibility::Private, None, false);
    let mut rest = tokens.iter().peekable();
    while let Some(token) = rest.next() {
        let Some(word) = word(token) else {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                    path = path.or_else(|| path_attribute(group));
                    only_tests |= is_cfg_test(group);
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    (visibility, path, only_tests) = (Visibility::Private, None, false);
                }
                token if is(token, ';') => {
                    (visibility, path, only_tests) = (Visibility::Private, None, false)
                }
                _ => {}
            }
            code.push(token.clone());
            continue;
        };
        match word.as_str() {
            "pub" => {
                let restricted = rest.next_if(|next| in_parentheses(next)).is_some();
                visibility = if restricted { Visibility::Restricted } else { Visibility::Public };
            }
            "use" => {
                import(&mut rest, &[], &mut found.imports);
                (visibility, path, only_tests) = (Visibility::Private, None, false);
            }
            "mod" => {
                let name = rest.next().and_then(self::word).unwrap_or_default();
                let body = match rest.next() {
                    Some(TokenTree::Group(body)) => Some(module(body.stream())),
                    _ => None,
                };
                found.modules.push(Submodule { name, path, only_tests, body });
                (visibility, path, only_tests) = (Visibility::Private, None, false);
            }
            "macro_rules" => {
                rest.next();
                let name = rest.next().and_then(self::word).unwrap_or_default();
                found.items.push(Item { keyword: word, name, visibility });
            }
            keyword => {
                let next = rest.peek().and_then(|next| self::word(next));
                // `static mut NAME` has its name one further.
                let next = next.filter(|next| next != "mut").or_else(|| self::word(rest.clone().nth(1)?));
                if ITEMS.contains(&keyword)
                    && let Some(name) = next.filter(|next| next != "_" && !ITEMS.contains(&next.as_str()))
                {
                    found.items.push(Item { keyword: word, name, visibility });
                } else if rest.peek().is_some_and(|next| is(next, '!')) {
                    let arguments = rest.clone().nth(1);
                    names(arguments.into_iter(), &mut found.generated);
                }
                code.push(token.clone());
            }
        }
    }
    mention(&code, &mut found);
    found
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

fn is(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

fn in_parentheses(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis)
}

/// The value of `[path = "…"]`.
fn path_attribute(group: &Group) -> Option<String> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let [name, _, TokenTree::Literal(value)] = tokens.as_slice() else { return None };
    (word(name)? == "path").then(|| value.to_string().trim_matches('"').to_owned())
}

/// Whether this is `[cfg(test)]`, or a `cfg` of that and more.
fn is_cfg_test(group: &Group) -> bool {
    let mut found = BTreeSet::new();
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    names(tokens.iter(), &mut found);
    let has = |name: &str| found.contains(name);
    has("cfg") && has("test") && !has("not") && !has("any")
}

/// All names in some tokens.
fn names<'a>(tokens: impl Iterator<Item = &'a TokenTree>, found: &mut BTreeSet<String>) {
    for token in tokens {
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            names(inner.iter(), found);
        }
        found.extend(word(token));
    }
}

/// Passes `::`, and says whether it was there.
fn colons(rest: &mut Tokens<'_>) -> bool {
    let mut ahead = rest.clone();
    let found = (0..2).all(|_| ahead.next().is_some_and(|token| is(token, ':')));
    if found {
        *rest = ahead;
    }
    found
}

/// The names that a `use` brings into scope, from behind the keyword to the end of the branch.
fn import(rest: &mut Tokens<'_>, prefix: &[String], found: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    // A path that starts with `::` is in another crate, and has a first segment that no module has.
    if colons(rest) {
        path.push("::".to_owned());
    }
    loop {
        match rest.next() {
            Some(TokenTree::Group(branches)) => {
                let tokens: Vec<TokenTree> = branches.stream().into_iter().collect();
                let mut inner = tokens.iter().peekable();
                while inner.peek().is_some() {
                    import(&mut inner, &path, found);
                }
            }
            Some(token) if is(token, '*') => found.push(Import { path: path.clone(), name: None }),
            Some(token) if is(token, ',') || is(token, ';') => return,
            Some(token) => {
                let segment = word(token).unwrap_or_default();
                if segment != "self" || path.is_empty() {
                    path.push(segment);
                }
                if colons(rest) {
                    continue;
                }
                let mut name = path.last().cloned();
                if rest.peek().and_then(|next| word(next)).as_deref() == Some("as") {
                    rest.next();
                    name = rest.next().and_then(word);
                }
                found.push(Import { path: path.clone(), name });
            }
            None => return,
        }
    }
}

/// Notes the paths in some code, and what is imported inside it.
fn mention(code: &[TokenTree], found: &mut Module) {
    let mut rest = code.iter().peekable();
    let mut after_dot = false;
    while let Some(token) = rest.next() {
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            mention(&inner, found);
        }
        if is(token, ':') && rest.peek().is_some_and(|next| is(next, ':')) {
            // What follows a type in angle brackets, or starts with `::`, is not in a module.
            rest.next();
            rest.next_if(|next| word(next).is_some());
            continue;
        }
        let Some(first) = word(token) else {
            after_dot = is(token, '.');
            continue;
        };
        if first == "use" && rest.peek().is_some_and(|next| word(next).is_some() || is(next, ':')) {
            import(&mut rest, &[], &mut found.imports);
            continue;
        }
        let mut path = vec![first];
        while colons(&mut rest) {
            let Some(next) = rest.next_if(|next| word(next).is_some()).and_then(word) else { break };
            path.push(next);
        }
        if !after_dot {
            found.paths.insert(path);
        }
        after_dot = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(text: &str) -> Vec<String> {
        let name = |import: &Import| import.name.clone().unwrap_or("*".to_owned());
        let shown = |import: &Import| format!("{} as {}", import.path.join("::"), name(import));
        read(text).unwrap().imports.iter().map(shown).collect()
    }

    #[test]
    fn every_branch_of_a_use_is_an_import() {
        assert_eq!(
            imports("use a::{self, b::{C, d as e}, f::*};\npub(crate) use g;"),
            ["a as a", "a::b::C as C", "a::b::d as e", "a::f as *", "g as g"]
        );
        assert_eq!(imports("fn f() { use super::x; }"), ["super::x as x"]);
        assert_eq!(imports("use ::log::Log;"), ["::::log::Log as Log"]);
    }

    #[test]
    fn items_and_modules_are_found_with_their_names() {
        let text = "
            pub(super) struct A { pub x: u8 }
            const fn b() { const INNER: u8 = 1; }
            impl C for A { type Other = u8; }
            pub static mut D: u8 = 1;
            macro_rules! e { () => { struct Hidden; } }
            #[cfg(test)] #[path = \"../g.rs\"] mod g;
            mod h { enum I {} }
            #[cfg(all(test, unix))] mod l {}
            #[cfg(test)] use x;
            mod k;
            table! { J => 1 }
        ";
        let module = read(text).unwrap();
        let item = |item: &Item| format!("{:?} {} {}", item.visibility, item.keyword, item.name);
        let items: Vec<String> = module.items.iter().map(item).collect();
        assert_eq!(
            items,
            ["Restricted struct A", "Private fn b", "Public static D", "Private macro_rules e"]
        );
        assert_eq!(module.modules[0].path.as_deref(), Some("../g.rs"));
        assert_eq!(
            module.modules.iter().map(|one| one.only_tests).collect::<Vec<_>>(),
            [true, false, true, false]
        );
        assert_eq!(module.modules[1].body.as_ref().unwrap().items[0].name, "I");
        assert!(module.generated.contains("J"));
    }

    #[test]
    fn paths_are_found_inside_macros_attributes_and_types_but_not_methods() {
        let text = "
            #[arg(value_parser = crate::parse)] fn f() -> Vec<super::Kind> {
                assert!(other::g(\"a::b\").method() == <u8 as T>::h(1));
            }
        ";
        let paths = read(text).unwrap().paths;
        let has = |path: &[&str]| paths.contains(&path.iter().map(|&p| p.to_owned()).collect::<Vec<_>>());
        assert!(has(&["crate", "parse"]) && has(&["super", "Kind"]) && has(&["other", "g"]));
        assert!(!has(&["method"]) && !has(&["h"]) && !has(&["a", "b"]));
    }
}
