//! How a plugin is named: `namespace/name`, or the name alone where that can only mean one.

/// The namespace of the plugins that come with codetune.
const OWN: &str = "codetune";

/// Whether a name is in the namespace that no other plugin may use.
pub(crate) fn is_own(name: &str) -> bool {
    name.split_once('/').is_some_and(|(namespace, _)| namespace == OWN)
}

/// The part after the namespace.
pub fn short_name(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, short)| short)
}

/// What a name means among known ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// This one.
    One(&'a str),
    /// None of them.
    None,
    /// Any of these, so it has to be written in full.
    Several(Vec<&'a str>),
}

/// What `given` means: the whole name; else codetune's own plugin of that short name, so that nobody's plugin ever
/// takes its place; else the only plugin of that short name.
///
/// Everything that takes a plugin's name from a person asks here.
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
