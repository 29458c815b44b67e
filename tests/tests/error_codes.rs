//! The reference of error codes is that of the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, Item, Lit, LitStr, Meta, Pat, Token, parse::ParseStream};

const HEAD: &str = "\
# Error codes

Errors are printed as `error[CODE]: message`, or with `--json` as an object on stderr with `code`, `message`, `causes`,
`help`, `place` and `exit`. A code keeps its meaning; messages and help may be reworded. `codetune explain CODE` prints
an entry. `{name}` stands for a value, and `…` for a text that depends on the case. An error without an exit code ends
no command, or with the code of what it is part of.

This file is generated from the sources: after changing an error, run
`CODETUNE_UPDATE=1 cargo test -p codetune-tests --test error_codes`.
";

/// What the reference says of a code.
struct Entry {
    doc: String,
    message: String,
    help: Option<String>,
    exit: Option<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The first paragraph of a doc comment.
fn doc(attributes: &[Attribute]) -> String {
    let line = |attribute: &Attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    };
    let lines = attributes.iter().filter_map(line).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// A format string as the reference shows it.
fn template(text: &LitStr) -> String {
    text.value().replace("{}", "…").replace(":?}", "}").replace("{0}", "…")
}

/// The first string in the arguments of an attribute.
fn message(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("error"))?;
    let parsed = attribute.parse_args_with(|input: ParseStream<'_>| {
        let text: LitStr = input.parse()?;
        input.parse::<proc_macro2::TokenStream>()?;
        Ok(text)
    });
    parsed.ok().map(|text| template(&text))
}

/// The code and the help of `#[diagnostic(code(a::b), help("…"))]`.
fn diagnostic(attributes: &[Attribute]) -> Option<(String, Option<String>)> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("diagnostic"))?;
    let (mut code, mut help) = (None, None);
    attribute
        .parse_nested_meta(|meta| {
            if meta.path.is_ident("code") {
                let content;
                syn::parenthesized!(content in meta.input);
                let path = content.call(syn::Path::parse_mod_style)?;
                let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
                code = Some(parts.join("::"));
            } else if meta.path.is_ident("help") {
                let content;
                syn::parenthesized!(content in meta.input);
                let text: LitStr = content.parse()?;
                help = Some(template(&text));
                if content.peek(Token![,]) {
                    content.parse::<proc_macro2::TokenStream>()?;
                }
            } else if meta.input.peek(syn::token::Paren) {
                let content;
                syn::parenthesized!(content in meta.input);
                content.parse::<proc_macro2::TokenStream>()?;
            }
            Ok(())
        })
        .expect("an attribute of miette");
    Some((code?, help))
}

/// The exit code that a variant of `Blame` or `Exit` stands for; `None` for another expression.
fn exit_code(body: &Expr) -> Option<u8> {
    let path = match body {
        Expr::Path(path) => path,
        Expr::Block(of) => match of.block.stmts.as_slice() {
            [syn::Stmt::Expr(only, None)] => return exit_code(only),
            _ => return None,
        },
        _ => return None,
    };
    let mut parts = path.path.segments.iter().rev().map(|part| part.ident.to_string());
    let (variant, of) = (parts.next()?, parts.next()?);
    if of != "Blame" && of != "Exit" {
        return None;
    }
    Some(match variant.as_str() {
        "Findings" => 1,
        "Input" | "Usage" => 2,
        "Plugin" => 3,
        "Storage" => 4,
        "Limit" => 5,
        "Internal" => 101,
        "Stopped" | "Interrupted" => 130,
        other => panic!("{of}::{other} has no exit code here"),
    })
}

/// The patterns that are alternatives in an arm.
fn alternatives(pattern: &Pat) -> Vec<&Pat> {
    match pattern {
        Pat::Or(of) => of.cases.iter().collect(),
        one => vec![one],
    }
}

/// The path of a pattern, and whether it takes every value of that variant.
fn variant(pattern: &Pat) -> Option<(String, bool)> {
    let every = |fields: &[&Pat]| fields.iter().all(|field| matches!(field, Pat::Wild(_) | Pat::Ident(_)));
    let (path, all) = match pattern {
        Pat::TupleStruct(of) => (&of.path, every(&of.elems.iter().collect::<Vec<_>>())),
        Pat::Struct(of) => (&of.path, every(&of.fields.iter().map(|field| &*field.pat).collect::<Vec<_>>())),
        Pat::Path(of) => (&of.path, true),
        _ => return None,
    };
    Some((path.segments.last()?.ident.to_string(), all))
}

/// The variant that a pattern of one field asks for.
fn inner(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::TupleStruct(of) => Some(variant(of.elems.first()?)?.0),
        _ => None,
    }
}

/// The body of the method that says who has to act on the errors of a type.
fn blame<'a>(file: &'a syn::File, of: &str) -> Option<&'a Expr> {
    let methods = file.items.iter().filter_map(|item| match item {
        Item::Impl(found) if found.trait_.is_none() => match &*found.self_ty {
            syn::Type::Path(path) if path.path.is_ident(of) => Some(&found.items),
            _ => None,
        },
        _ => None,
    });
    methods.flatten().find_map(|item| match item {
        syn::ImplItem::Fn(method) if method.sig.ident == "blame" || method.sig.ident == "exit" => {
            match method.block.stmts.last() {
                Some(syn::Stmt::Expr(body, None)) => Some(body),
                _ => None,
            }
        }
        _ => None,
    })
}

/// The exit code of errors that match a pattern, where that says enough.
fn exit_of(body: Option<&Expr>, name: &str, pattern: Option<&Pat>) -> Option<u8> {
    let Expr::Match(of) = body? else { return exit_code(body?) };
    for arm in &of.arms {
        let (cases, is_guarded) = match &arm.pat {
            Pat::Guard(of) => (&*of.pat, true),
            all => (all, false),
        };
        for case in alternatives(cases) {
            let hits = match (case, variant(case)) {
                (Pat::Wild(_), _) => true,
                (_, Some((found, all))) => found == name && (all || pattern.and_then(inner) == inner(case)),
                _ => false,
            };
            if hits {
                return if is_guarded { None } else { exit_code(&arm.body) };
            }
        }
    }
    None
}

/// What a file says of its errors.
fn collect(file: &syn::File, entries: &mut BTreeMap<String, Entry>) {
    let mut add = |code: String, entry: Entry| {
        assert!(!entry.doc.is_empty(), "{code} has no documentation");
        assert!(entries.insert(code.clone(), entry).is_none(), "{code} is the code of two errors");
    };
    let mut of = |attributes: &[Attribute], exit: Option<u8>| {
        if let Some((code, help)) = diagnostic(attributes) {
            let message = message(attributes).unwrap_or_else(|| panic!("{code} has no message"));
            add(code, Entry { doc: doc(attributes), message, help, exit });
        }
    };
    for item in &file.items {
        match item {
            Item::Struct(found) => of(&found.attrs, exit_of(blame(file, &found.ident.to_string()), "", None)),
            Item::Enum(found) => {
                let body = blame(file, &found.ident.to_string());
                for variant in &found.variants {
                    of(&variant.attrs, exit_of(body, &variant.ident.to_string(), None));
                }
            }
            _ => {}
        }
    }
}

/// The codes of faults of plugins, which a method gives: its arms, with the documentation of the variants.
fn collect_faults(file: &syn::File, entries: &mut BTreeMap<String, Entry>) {
    let fault = file.items.iter().find_map(|item| match item {
        Item::Enum(found) if found.ident == "Fault" => Some(found),
        _ => None,
    });
    let variants: BTreeMap<String, String> =
        fault.expect("Fault").variants.iter().map(|v| (v.ident.to_string(), doc(&v.attrs))).collect();
    let methods = file.items.iter().filter_map(|item| match item {
        Item::Impl(found) => Some(&found.items),
        _ => None,
    });
    let code = methods.flatten().find_map(|item| match item {
        syn::ImplItem::Fn(found) if found.sig.ident == "code" && found.sig.inputs.len() == 1 => {
            match found.block.stmts.first() {
                Some(syn::Stmt::Expr(Expr::Match(of), _)) => Some(of),
                _ => None,
            }
        }
        _ => None,
    });
    let blame = blame(file, "CallError");
    for arm in &code.expect("Fault::code").arms {
        let Expr::Lit(ExprLit { lit: Lit::Str(code), .. }) = &*arm.body else {
            panic!("an arm without a code")
        };
        let (variant, _) = variant(&arm.pat).unwrap_or_else(|| panic!("{} has no variant", code.value()));
        let exit = exit_of(blame, &variant, Some(&arm.pat));
        let message = "plugin {plugin}: …".to_owned();
        let doc = variants[&variant].clone();
        assert!(
            entries.insert(code.value(), Entry { doc, message, help: None, exit }).is_none(),
            "{}",
            code.value()
        );
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_reference_has_every_error() {
    let mut paths = Vec::new();
    sources(&root().join("core"), &mut paths);
    sources(&root().join("cli/src"), &mut paths);
    let mut entries = BTreeMap::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a source");
        if text.contains("diagnostic(") || path.ends_with("plugin/src/call_error.rs") {
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            collect(&file, &mut entries);
            if path.ends_with("plugin/src/call_error.rs") {
                collect_faults(&file, &mut entries);
            }
        }
    }
    let mut reference = HEAD.to_owned();
    for (code, Entry { doc, message, help, exit }) in &entries {
        reference.push_str(&format!("\n## {code}\n\n{doc}\n\n```text\n{message}\n```\n"));
        if let Some(help) = help {
            reference.push_str(&format!("\nHelp: {help}\n"));
        }
        if let Some(exit) = exit {
            reference.push_str(&format!("\nExit code: {exit}\n"));
        }
    }
    let path = root().join("docs/errors.md");
    if std::env::var_os("CODETUNE_UPDATE").is_some() {
        fs::write(&path, &reference).expect("written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference,
        "docs/errors.md is not that of the sources: see its head for how to update it"
    );
    assert!(entries.len() > 100, "{}", entries.len());
}
