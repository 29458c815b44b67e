//! Whether a component fits this host, told from its imports and exports without compiling its code.

use std::collections::BTreeSet;
use std::ops::Range;

use wasmparser::{KnownCustom, Parser, Payload};
use wasmtime::component::Component;

use super::engine::WasmEngine;
use super::link::interface;
use super::measure;
use crate::manifest::{CONTRACT, Manifest};

/// The packages of WASI that lead to the empty world.
const WASI: [&str; 6] = ["cli", "clocks", "filesystem", "io", "random", "sockets"];

/// The first bytes of every component.
pub(super) const HEADER: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// What a component says of itself outside of its code.
#[derive(Debug, Default)]
struct Outside {
    imports: Vec<String>,
    exports: Vec<String>,
    /// The tools that made it, in lower case.
    tools: BTreeSet<String>,
    /// A component of the types and imports alone, up to the first code.
    head: Vec<u8>,
}

/// What this host lacks to run a component, or the component lacks to be what its manifest says, with the remedy.
pub(crate) fn missing(bytes: &[u8], manifest: &Manifest) -> Option<String> {
    // A file that cannot be read was refused before.
    let outside = read(bytes).ok()?;
    for (declared, kind, name) in [
        (manifest.analyzer.is_some(), "analyzer", "analysis"),
        (manifest.training_backend.is_some(), "training-backend", "backend"),
    ] {
        let wanted = interface(name);
        if declared && !outside.exports.contains(&wanted) {
            let reason = format!("its manifest provides [{kind}], and it does not export {wanted}");
            return Some(format!("{reason}; {}", outside.how_to_build()));
        }
    }
    // Types alone can take long as well.
    if let Err(reason) = measure::judge(&outside.head) {
        return Some(reason);
    }
    let engine = WasmEngine::shared().ok()?;
    let component = Component::new(engine.engine(), &outside.head).ok()?;
    let error = engine.linker().instantiate_pre(&component).err()?;
    Some(outside.explain(&error))
}

/// Why a component that was compiled does not link, with the remedy.
pub(crate) fn unlinked(bytes: &[u8], error: &wasmtime::Error) -> String {
    read(bytes).unwrap_or_default().explain(error)
}

impl Outside {
    fn explain(&self, error: &wasmtime::Error) -> String {
        let lacked: Vec<(&String, Lack)> =
            self.imports.iter().filter_map(|name| Some((name, lacking(name)?))).collect();
        let Some((name, Lack { why, builder_can_help })) = lacked.first() else {
            // An interface that is there, with another type.
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            return format!("it cannot be linked: {first}; {}", self.how_to_build());
        };
        let more = match lacked.len() - 1 {
            0 => String::new(),
            more => format!(", nor {more} more of its imports"),
        };
        match builder_can_help {
            true => format!("this host does not offer {name}, {why}{more}; {}", self.how_to_build()),
            false => format!("this host does not offer {name}{more}: {why}"),
        }
    }

    /// The advice that fits the tools that made it.
    fn how_to_build(&self) -> String {
        let made_by = |tool: &str| self.tools.iter().any(|name| name.contains(tool));
        let wit =
            format!("build it against plugin-sdk/wit of contract {CONTRACT}, which codetune-plugin-sdk does");
        if made_by("componentize-py") {
            format!("{wit} and without packages that use the network (componentize-py)")
        } else if made_by("componentizejs") || made_by("starlingmonkey") {
            format!("{wit} and without the features that import it: jco componentize --disable all")
        } else if made_by("tinygo") || made_by("go ") || self.tools.contains("go") {
            format!("{wit} for the target wasip2")
        } else if self.tools.contains("rust") || made_by("rustc") {
            "build it with codetune-plugin-sdk for the target wasm32-wasip2".to_owned()
        } else {
            wit
        }
    }
}

/// Why this host does not offer an import.
#[derive(Debug, PartialEq, Eq)]
struct Lack {
    why: String,
    /// Whether the same source, built in another way, could do without it.
    builder_can_help: bool,
}

/// Why this host does not offer an import, where it does not.
fn lacking(name: &str) -> Option<Lack> {
    let built_anew = |why: &str| Some(Lack { why: why.to_owned(), builder_can_help: true });
    let upgrade = |who: &str| {
        let why = format!("it offers contract {CONTRACT}, and {who} has to be upgraded");
        Some(Lack { why, builder_can_help: false })
    };
    let (package, rest) = name.split_once('/').unwrap_or((name, ""));
    let (own, version) = rest.split_once('@').unwrap_or((rest, ""));
    let version = semver::Version::parse(version).ok();
    match package.split_once(':') {
        Some(("codetune", "plugin")) => match version {
            Some(version) if (version.major, version.minor) != (CONTRACT.major, CONTRACT.minor) => {
                upgrade(if version > CONTRACT { "codetune" } else { "the plugin" })
            }
            _ if ["services", "sources", "tensors", "types"].contains(&own) => None,
            _ => upgrade("codetune"),
        },
        Some(("wasi", "http")) => built_anew("as plugins have no network"),
        Some(("wasi", package)) if WASI.contains(&package) => match version {
            Some(version) if (version.major, version.minor) != (0, 2) => {
                built_anew("which is not of WASI 0.2")
            }
            _ => None,
        },
        Some(("wasi", _)) => built_anew("which is not among the WASI that plugins see"),
        _ => built_anew("which is the interface of another host"),
    }
}

fn read(bytes: &[u8]) -> wasmparser::Result<Outside> {
    let mut outside = Outside { head: HEADER.to_vec(), ..Outside::default() };
    let (mut depth, mut in_head) = (0_u32, true);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) => {
                if let KnownCustom::Producers(fields) = section.as_known() {
                    for field in fields {
                        let values = field?.values.into_iter();
                        let names = values.map(|value| Ok(value?.name.to_ascii_lowercase()));
                        outside.tools.extend(names.collect::<wasmparser::Result<Vec<String>>>()?);
                    }
                }
                continue;
            }
            _ => {}
        }
        if depth > 0 {
            // Code, and whatever may refer to it, is not part of the head.
            in_head = false;
            continue;
        }
        match &payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports.clone() {
                    outside.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) => {
                in_head = false;
                for export in exports.clone() {
                    outside.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::ComponentTypeSection(_)
            | Payload::ComponentAliasSection(_)
            | Payload::CoreTypeSection(_)
            | Payload::Version { .. } => {}
            _ => in_head = false,
        }
        if let (true, Some((id, range))) = (in_head, payload.as_section()) {
            push_section(&mut outside.head, id, bytes, range);
        }
    }
    Ok(outside)
}

/// Copies a section, whose length goes before it as LEB128.
pub(super) fn push_section(head: &mut Vec<u8>, id: u8, bytes: &[u8], range: Range<usize>) {
    let content = bytes.get(range).unwrap_or_default();
    head.push(id);
    let mut length = content.len();
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        head.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    head.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_that_is_not_offered_is_told_with_the_reason_that_fits_it() {
        for (name, expected) in [
            ("codetune:plugin/sources@0.2.0", "codetune has to be upgraded"),
            ("codetune:plugin/sources@0.0.9", "the plugin has to be upgraded"),
            ("codetune:plugin/secrets@0.1.0", "codetune has to be upgraded"),
            ("wasi:http/outgoing-handler@0.2.3", "no network"),
            ("wasi:cli/stdout@0.3.0", "not of WASI 0.2"),
            ("wasi:nn/graph@0.2.0", "not among the WASI that plugins see"),
            ("acme:host/log@1.0.0", "another host"),
            ("env", "another host"),
        ] {
            let told = lacking(name).unwrap();
            assert!(told.why.contains(expected), "{name}: {told:?}");
        }
        for name in ["codetune:plugin/services@0.1.0", "wasi:cli/stderr@0.2.3", "wasi:sockets/tcp@0.2.12"] {
            assert_eq!(lacking(name), None, "{name}");
        }
    }

    /// A component that imports an empty instance of this name and carries a mark of the tool that made it.
    fn importing(name: &str, tool: &str) -> Vec<u8> {
        let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        let mut bytes = HEADER.to_vec();
        // A type section with one instance type that has nothing in it.
        push_section(&mut bytes, 7, &[1, 0x42, 0], 0..3);
        // An import section with one instance of that type.
        let import = [&[1, 0][..], &text(name), &[5, 0]].concat();
        push_section(&mut bytes, 10, &import, 0..import.len());
        let producers =
            [&text("producers")[..], &[1], &text("processed-by"), &[1], &text(tool), &text("1")].concat();
        push_section(&mut bytes, 0, &producers, 0..producers.len());
        bytes
    }

    #[test]
    fn a_head_links_as_its_component_does_and_advice_fits_the_tool() {
        for (name, tool, expected) in [
            (
                "wasi:http/types@0.2.0",
                "ComponentizeJS",
                "as plugins have no network; build it against plugin-sdk/wit",
            ),
            ("wasi:http/types@0.2.0", "ComponentizeJS", "jco componentize --disable all"),
            ("acme:host/log", "rustc", "another host; build it with codetune-plugin-sdk"),
            ("codetune:plugin/new@0.1.0", "TinyGo", "codetune has to be upgraded"),
            ("wasi:nn/graph@0.2.0", "TinyGo", "for the target wasip2"),
        ] {
            let outside = read(&importing(name, tool)).unwrap();
            assert_eq!(outside.imports, [name]);
            let engine = WasmEngine::shared().unwrap();
            let component = Component::new(engine.engine(), &outside.head).unwrap();
            let told = match engine.linker().instantiate_pre(&component) {
                // An instance without functions needs nobody to offer it.
                Ok(_) => outside.explain(&wasmtime::Error::msg("not linked")),
                Err(error) => outside.explain(&error),
            };
            assert!(told.contains(expected), "{name}: {told}");
        }
    }
}
