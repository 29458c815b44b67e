//! The crates of the core use each other in the one direction that `ARCHITECTURE.md` draws.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{members, parsed, workspace};

fn read(path: &str) -> String {
    super::text(path).unwrap_or_else(|| panic!("{path} is missing"))
}

/// The words in backticks of a text.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The documented crates in their order, each with those that it is said to use.
fn documented() -> Vec<(String, BTreeSet<String>)> {
    let text = read("ARCHITECTURE.md");
    let (_, section) = text.split_once("## Core crates").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("its end");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let name = quoted(cells[0]).pop().expect("a name");
        (name, quoted(cells[cells.len() - 1]).into_iter().collect())
    })
    .collect()
}

/// The packages that a table of a manifest names, such as `dependencies`, for every platform.
fn named(manifest: &Table, table: &str) -> BTreeSet<String> {
    let keys = |value: Option<&Value>| -> Vec<String> {
        value.and_then(Value::as_table).into_iter().flat_map(|table| table.keys().cloned()).collect()
    };
    let targets = manifest.get("target").and_then(Value::as_table);
    let of_targets = targets.into_iter().flat_map(|all| all.values()).flat_map(|one| keys(one.get(table)));
    keys(manifest.get(table)).into_iter().chain(of_targets).collect()
}

/// The other crates of the core that a crate's manifest names in a table.
fn of_the_core(manifest: &Table, table: &str, core: &[String]) -> BTreeSet<String> {
    let short = |package: String| package.strip_prefix("codetune-").map(str::to_owned);
    named(manifest, table).into_iter().filter_map(short).filter(|name| core.contains(name)).collect()
}

#[test]
fn a_crate_of_the_core_uses_those_that_the_documentation_says_and_none_after_it() {
    let documented = documented();
    let names: Vec<String> = documented.iter().map(|(name, _)| name.clone()).collect();
    assert!(names.len() > 10, "{names:?}");
    for (at, (name, said)) in documented.iter().enumerate() {
        let manifest = parsed(&format!("core/{name}/Cargo.toml"));
        let used = of_the_core(&manifest, "dependencies", &names);
        assert_eq!(used, *said, "what {name} uses, and what ARCHITECTURE.md says");
        for table in ["dependencies", "build-dependencies", "dev-dependencies"] {
            for other in of_the_core(&manifest, table, &names) {
                assert!(names[..at].contains(&other), "{name} comes before {other}, and names it in {table}");
            }
        }
    }
}

#[test]
fn the_documented_crates_are_those_below_core_and_those_of_the_facade() {
    let documented: BTreeSet<String> = documented().into_iter().map(|(name, _)| name).collect();
    let entries =
        std::fs::read_dir(workspace().join("core")).expect("core").map(|entry| entry.expect("an entry"));
    let crates = entries.filter(|entry| entry.path().join("Cargo.toml").is_file());
    let folders: BTreeSet<String> =
        crates.map(|entry| entry.file_name().into_string().expect("a name")).collect();
    assert_eq!(folders, documented);
    let packages = documented.iter().map(|name| format!("codetune-{name}")).collect();
    assert_eq!(named(&parsed("core/Cargo.toml"), "dependencies"), packages);
    let facade = read("core/src/lib.rs");
    for name in &documented {
        let import = name.replace('-', "_");
        assert!(facade.contains(&format!("pub use codetune_{import} as {import};")), "{name}");
        assert!(facade.contains(&format!("//! | [`{import}`] |")), "{name} in the facade's table");
    }
}

/// Every package that building one of the workspace's takes, tests apart.
fn closure(package: &str) -> BTreeSet<String> {
    let lock = parsed("Cargo.lock");
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in lock["package"].as_array().expect("packages") {
        let name = entry["name"].as_str().expect("a name").to_owned();
        let listed = entry.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        // Where there are several versions the entry has the version too, which is more than is needed here.
        let listed = listed.filter_map(|one| one.as_str()?.split(' ').next().map(str::to_owned));
        dependencies.entry(name).or_default().extend(listed);
    }
    // The lock file mixes tests in with the rest, so those of the workspace are read from their manifests.
    for member in members() {
        let manifest = parsed(&format!("{member}/Cargo.toml"));
        let name = manifest["package"]["name"].as_str().expect("a name").to_owned();
        let used = ["dependencies", "build-dependencies"].map(|table| named(&manifest, table));
        dependencies.insert(name, used.into_iter().flatten().collect());
    }
    let (mut found, mut open) = (BTreeSet::new(), vec![package.to_owned()]);
    while let Some(next) = open.pop() {
        let used = dependencies.get(&next).unwrap_or_else(|| panic!("{next} is not in Cargo.lock"));
        open.extend(used.iter().filter(|name| !found.contains(*name)).cloned());
        found.insert(next);
    }
    found
}

#[test]
fn whoever_wants_only_analyzers_builds_no_tensors_no_database_and_no_tokenizers() {
    let heavy = ["candle-core", "sqlx", "tokenizers"];
    let whole = closure("codetune-core");
    assert!(heavy.iter().all(|name| whole.contains(*name)), "the core as a whole has all three: {whole:?}");
    let light = [
        "codetune-analysis",
        "codetune-plugins",
        "codetune-decoder",
        "codetune-metrics",
        "codetune-secrets",
        "codetune-plugin-sdk",
        "tiny-backend",
        "todo-analyzer",
    ];
    for package in light {
        let needed = closure(package);
        let unwanted: Vec<_> = heavy.iter().filter(|name| needed.contains(**name)).collect();
        assert!(unwanted.is_empty(), "{package} needs {unwanted:?}");
    }
}
