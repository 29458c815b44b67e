use codetune_plugin_sdk::abi;
use object::{Architecture, BinaryFormat, Object, ObjectSection, ObjectSymbol};

/// What a plugin file says before anything of it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Embedded {
    /// The manifest's text.
    pub manifest: String,
    /// The symbol that a native plugin exports; none where the file is a component.
    pub symbol: Option<String>,
    /// What this host or machine lacks to run it, with the remedy.
    pub missing: Option<String>,
}

/// Reads the embedded manifest of a component or a dynamic library.
///
/// # Errors
/// Says what the file is instead of a plugin.
pub(crate) fn read(bytes: &[u8]) -> Result<Embedded, String> {
    if bytes.starts_with(b"\0asm") { component(bytes) } else { library(bytes) }
}

fn component(bytes: &[u8]) -> Result<Embedded, String> {
    if !wasmparser::Parser::is_component(bytes) {
        return Err("it is a core WASM module, not a component: build it for the target wasm32-wasip2".into());
    }
    let mut manifest = None;
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| format!("it is a malformed component: {error}"))?;
        if let wasmparser::Payload::CustomSection(section) = payload
            && section.name() == "codetune:manifest"
            && manifest.replace(section.data()).is_some()
        {
            return Err("it holds two plugin manifests; a component is one plugin".into());
        }
    }
    Ok(Embedded { manifest: text(manifest)?, symbol: None, missing: None })
}

fn library(bytes: &[u8]) -> Result<Embedded, String> {
    let file = object::File::parse(bytes)
        .map_err(|error| format!("it is neither a component nor a dynamic library: {error}"))?;
    let section = file.sections().find(|s| matches!(s.name(), Ok(".codetune" | "__codetune")));
    let manifest = section.and_then(|section| section.data().ok());
    let manifest = text(manifest)?;
    // Mach-O puts an underscore before each symbol.
    let names = file.exports().map_err(|error| format!("its exports cannot be read: {error}"))?;
    let names = names.iter().filter_map(|export| std::str::from_utf8(export.name()).ok());
    let dynamic = file.dynamic_symbols().filter(|s| s.is_definition()).filter_map(|s| s.name().ok());
    let names = names.chain(dynamic).map(|name| name.trim_start_matches('_'));
    let mut found: Vec<&str> = names.filter(|name| name.starts_with(abi::SYMBOL_PREFIX)).collect();
    found.sort_unstable();
    found.dedup();
    match found[..] {
        [symbol] => {
            let missing = foreign_machine(&file).map_or_else(|| other_major(symbol), |it| Ok(Some(it)))?;
            Ok(Embedded { manifest, symbol: Some(symbol.to_owned()), missing })
        }
        [] => Err(format!("it exports no symbol {}{}_*", abi::SYMBOL_PREFIX, abi::MAJOR)),
        _ => Err(format!("it exports several plugins ({}); a library is one plugin", found.join(", "))),
    }
}

/// Says that a library is for another machine than this one.
fn foreign_machine(file: &object::File<'_>) -> Option<String> {
    let format = match std::env::consts::OS {
        "macos" | "ios" => BinaryFormat::MachO,
        "windows" => BinaryFormat::Pe,
        _ => BinaryFormat::Elf,
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => Architecture::X86_64,
        "aarch64" => Architecture::Aarch64,
        "riscv64" => Architecture::Riscv64,
        // Of other machines the loader has the last word.
        _ => file.architecture(),
    };
    let same = file.format() == format && file.architecture() == architecture;
    (!same).then(|| {
        format!(
            "it is a library for {:?} in {:?} format, and this machine is {architecture:?} with {format:?}: get it \
             for this machine, or as a component, which runs on all",
            file.architecture(),
            file.format()
        )
    })
}

/// Says that a library is of another major version, before any of its code runs.
fn other_major(symbol: &str) -> Result<Option<String>, String> {
    let version = symbol.trim_start_matches(abi::SYMBOL_PREFIX).split('_').next().unwrap_or_default();
    match version.parse::<u32>() {
        Ok(abi::MAJOR) => Ok(None),
        Ok(major) => {
            let who = if major > abi::MAJOR { "codetune" } else { "the plugin" };
            Ok(Some(format!(
                "it speaks native ABI {major}, this host speaks {}: {who} has to be upgraded",
                abi::MAJOR
            )))
        }
        Err(_) => Err(format!("its symbol `{symbol}` names no ABI version: build it with this SDK")),
    }
}

/// The most bytes of a manifest: thirty times those of the longest of the first party.
const MANIFEST_BYTES: usize = 256 << 10;

fn text(manifest: Option<&[u8]>) -> Result<String, String> {
    let bytes = manifest.ok_or("it carries no plugin manifest: build it with the SDK's `export!`")?;
    if bytes.len() > MANIFEST_BYTES {
        let (has, most) = (bytes.len() >> 10, MANIFEST_BYTES >> 10);
        return Err(format!("its manifest has {has} KiB, and at most {most} are read: say less in it"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "its manifest is not UTF-8")?;
    // A string literal of C or C++ brings its closing NUL along, and linkers fill sections up with more.
    let text = text.trim_end_matches('\0');
    match text.contains('\0') {
        true => Err("its manifest has a NUL character within: a library carries one manifest".into()),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_file_is_instead_of_a_plugin() {
        for (bytes, expected) in [
            (&b"hello"[..], "neither a component nor a dynamic library"),
            (b"\0asm\x01\0\0\0", "a core WASM module"),
            (b"\0asm\x0d\0\x01\0", "carries no plugin manifest"),
            (b"\0asm\x0d\0\x01\0\xff\xff", "malformed component"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn closing_nuls_of_a_literal_are_not_part_of_the_manifest() {
        assert_eq!(text(Some(b"schema = 1\n\0\0")).as_deref(), Ok("schema = 1\n"));
        assert!(text(Some(b"one\0two\0")).unwrap_err().contains("NUL"));
    }

    #[test]
    fn tells_another_major_and_who_has_to_upgrade() {
        assert_eq!(other_major("codetune_plugin_abi0_metrics"), Ok(None));
        let missing = other_major("codetune_plugin_abi7_metrics").unwrap().unwrap();
        assert!(missing.contains("codetune has to be upgraded"), "{missing}");
        assert!(other_major("codetune_plugin_abiX_metrics").is_err());
    }
}
