//! The name of a public type is that of no other type.

use std::collections::BTreeMap;

use super::sources::Crate;
use super::tokens::Visibility;

/// Files whose types mirror others in another language, and are named like them.
const MIRRORS: [&str; 2] = ["core/plugin/src/wasm/contract.rs", "plugin-sdk/src/abi.rs"];

/// Names that several types have on purpose, with the reason.
const SHARED: [(&str, &str); 8] = [
    ("Capture", "a captured node, in the core and in the SDK, which does not depend on the core"),
    ("Captures", "the results of a query, in the core and in the SDK"),
    ("Config", "the configuration of an analyzer, called as the associated type is"),
    ("Edit", "of an analyzer's report, and of an analysis with the path and the text"),
    ("Finding", "of an analyzer's report, and of an analysis with the names and texts"),
    ("Reduction", "of the operation, in the SDK and in the crate that computes it"),
    ("Result", "with the error of the crate"),
    ("Symbol", "of an analyzer's report, and of an analysis with the attributes"),
];

/// The types that other files can name, with the files that declare them.
#[derive(Default)]
struct Types(BTreeMap<String, Vec<(String, Visibility)>>);

impl Types {
    /// Adds the types of a crate.
    fn add(&mut self, of: &Crate, visible: &dyn Fn(Visibility) -> Visibility) {
        for (file, item) in of.items() {
            let is_type = ["struct", "enum", "union", "trait", "type"].contains(&item.keyword.as_str());
            let visibility = visible(item.visibility);
            if is_type && visibility != Visibility::Private && !MIRRORS.contains(&file) {
                self.0.entry(item.name.clone()).or_default().push((file.to_owned(), visibility));
            }
        }
    }

    /// The names of several types of which one is public, each with the files.
    fn ambiguous(&self) -> BTreeMap<&str, Vec<&str>> {
        let several = self.0.iter().filter(|(_, types)| {
            types.len() > 1 && types.iter().any(|(_, visibility)| *visibility == Visibility::Public)
        });
        several
            .map(|(name, types)| (name.as_str(), types.iter().map(|(file, _)| file.as_str()).collect()))
            .collect()
    }
}

/// What a crate of the workspace shows to the others, or `None` if it is not looked at.
fn visible(root: &str) -> Option<&'static dyn Fn(Visibility) -> Visibility> {
    let is_library = root.ends_with("/src/lib.rs");
    let below = |folder: &str| root.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    if is_library && (below("core") || below("plugin-sdk")) {
        return Some(&|visibility| visibility);
    }
    if is_library && below("plugins") {
        // Plugins do not see each other, nor the core.
        return Some(&|visibility| match visibility {
            Visibility::Public => Visibility::Public,
            _ => Visibility::Private,
        });
    }
    if root == "cli/src/main.rs" {
        // A program has no public types, but it uses those of the core.
        return Some(&|visibility| match visibility {
            Visibility::Public => Visibility::Restricted,
            other => other,
        });
    }
    None
}

#[test]
fn the_name_of_a_public_type_is_that_of_no_other() {
    let mut types = Types::default();
    for root in super::targets() {
        if let Some(visible) = visible(&root) {
            types.add(&Crate::read(&root, &super::text).expect("the sources of a crate"), visible);
        }
    }
    assert!(types.0.len() > 300, "only {} types", types.0.len());
    let mut ambiguous = types.ambiguous();
    for (name, reason) in SHARED {
        assert!(
            ambiguous.remove(name).is_some(),
            "{name} is one type now, so remove its exception: {reason}"
        );
    }
    assert!(ambiguous.is_empty(), "types with one name: {ambiguous:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(crates: &[(&str, &str)]) -> Vec<String> {
        let mut types = Types::default();
        for (root, source) in crates {
            let text = |name: &str| (name == *root).then(|| (*source).to_owned());
            types.add(&Crate::read(root, &text).unwrap(), visible(root).unwrap());
        }
        types.ambiguous().into_keys().map(str::to_owned).collect()
    }

    #[test]
    fn two_types_of_one_name_are_found_if_one_is_public() {
        let a = ("core/a/src/lib.rs", "pub struct Plan; pub(crate) enum Step {} struct Own;");
        let b = (
            "core/b/src/lib.rs",
            "pub(crate) struct Plan; pub(crate) enum Step {} pub trait Own {} pub fn plan() {}",
        );
        assert_eq!(types(&[a, b]), ["Plan"]);
    }

    #[test]
    fn what_a_program_or_a_plugin_has_for_itself_collides_with_less() {
        let core = ("core/a/src/lib.rs", "pub struct Table;");
        let program = (
            "cli/src/main.rs",
            "pub struct Table; mod other { pub struct Arguments; } pub struct Arguments;",
        );
        assert_eq!(types(&[core, program]), ["Table"]);
        let plugin = ("plugins/a/src/lib.rs", "pub(crate) struct Table;");
        assert_eq!(types(&[core, plugin]), [""; 0]);
    }

    #[test]
    fn folders_are_told_apart_by_whole_names() {
        let seen = |root| visible(root).is_some();
        assert!(
            seen("plugin-sdk/src/lib.rs") && seen("plugins/secrets/src/lib.rs") && seen("core/src/lib.rs")
        );
        assert!(!seen("tests/src/lib.rs") && !seen("plugins/secrets/build/main.rs"));
    }
}
