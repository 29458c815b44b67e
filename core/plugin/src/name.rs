//! Plugin names: `namespace/name`, or the short name if it is unambiguous.

/// The namespace of first-party plugins.
const OWN: &str = "codetune";

/// Whether a name is in the reserved namespace.
pub(crate) fn is_own(name: &str) -> bool {
    name.split_once('/').is_some_and(|(namespace, _)| namespace == OWN)
}

/// The part after the namespace.
pub fn short_name(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, short)| short)
}

/// The result of a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// A plugin.
    One(&'a str),
    /// No plugin.
    None,
    /// Several plugins; the full name is required.
    Several(Vec<&'a str>),
}

/// Looks up a name: a full name, otherwise a first-party plugin with that short name, so that no other plugin can take
/// its place, otherwise the only plugin with that short name.
///
/// Used for all names given by users.
pub fn meaning<'a>(given: &str, known: impl Iterator<Item = &'a str> + Clone) -> Meaning<'a> {
    if let Some(whole) = known.clone().find(|name| *name == given) {
        return Meaning::One(whole);
    }
    let mut alike: Vec<&str> =
        known.filter(|name| name.split_once('/').is_some_and(|(_, short)| short == given)).collect();
    alike.dedup();
    match alike[..] {
        [] => Meaning::None,
        [only] => Meaning::One(only),
        _ => match alike.iter().find(|name| is_own(name)) {
            Some(own) => Meaning::One(own),
            None => Meaning::Several(alike),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_means_codetunes_own_plugin_first_and_else_the_only_one() {
        let known = ["aaa/metrics", "acme/todo", "bbb/todo", "codetune/metrics", "zzz/only"];
        let meant = |given| meaning(given, known.into_iter());
        assert_eq!(meant("aaa/metrics"), Meaning::One("aaa/metrics"));
        assert_eq!(meant("metrics"), Meaning::One("codetune/metrics"));
        assert_eq!(meant("only"), Meaning::One("zzz/only"));
        assert_eq!(meant("todo"), Meaning::Several(vec!["acme/todo", "bbb/todo"]));
        assert_eq!(meant("metric"), Meaning::None);
        assert_eq!(meant("codetune/todo"), Meaning::None);
    }

    #[test]
    fn one_namespace_is_codetunes_own() {
        assert!(is_own("codetune/metrics"));
        assert!(!is_own("codetune-x/metrics") && !is_own("acme/codetune") && !is_own("codetune"));
    }
}
