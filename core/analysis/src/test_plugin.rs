//! A small analyzer that does on demand what analyzers may do wrong, registered as built-ins of test programs.

use std::sync::Arc;

use codetune_plugin::{Plugin, PluginDirectories, Registry, Trust};
use codetune_plugin_sdk::{
    __private::analyzer_table, Analyzer, AttributeId, Builtin, Error, Report, RuleId, Setup, Severity,
    Source, Subject, abi,
};

/// Finds a word, and does what the text says.
struct Probe {
    word: String,
    message: String,
    rule: RuleId,
    call: RuleId,
    lines: AttributeId,
    ratio: AttributeId,
    size: AttributeId,
    seen: usize,
}

#[derive(serde::Deserialize)]
struct Config {
    word: String,
    message: String,
}

impl Analyzer for Probe {
    type Config = Config;

    fn new(config: Config, setup: &Setup) -> Result<Self, Error> {
        if config.word == "impossible" {
            return Err(Error::InvalidConfig("the word is impossible".into()));
        }
        Ok(Probe {
            word: config.word,
            message: config.message,
            rule: setup.rule("word")?,
            call: setup.rule("call")?,
            lines: setup.attribute("lines")?,
            ratio: setup.attribute("ratio")?,
            size: setup.attribute("size")?,
            seen: 0,
        })
    }

    fn analyze(&mut self, source: &Source<'_>, report: &mut Report) -> Result<(), Error> {
        let text = source.text();
        self.seen += 1;
        assert!(!text.contains("do: panic"), "told to panic");
        assert!(self.seen == 1 || !text.contains("do: fail unless first"), "not the first");
        if text.contains("do: refuse") {
            return Err(Error::Refused(format!("{} says so", source.path())));
        }
        if text.contains("do: bad span") {
            report.finding(self.rule, Severity::Note, 0..text.len() + 1);
        }
        for (start, word) in text.match_indices(&self.word) {
            let span = start..start + word.len();
            report
                .finding(self.rule, Severity::Warning, span.clone())
                .message(self.message.as_str())
                .edit(span, "");
        }
        if source.language() == "python" {
            let calls =
                source.query("(call) @call (function_definition name: (identifier) @name) @function")?;
            for capture in &calls.items {
                match calls.name(capture) {
                    "call" => drop(report.finding(self.call, Severity::Note, capture.span())),
                    "function" => {
                        let symbol = report.symbol("function", capture.span());
                        report.integer(self.size, symbol, capture.span().len() as i64);
                    }
                    _ => {}
                }
            }
        }
        let lines = text.lines().count() as i64;
        report.integer(self.lines, Subject::FILE, lines);
        report.float(self.ratio, Subject::FILE, 0.5);
        if text.contains("do: say it twice") {
            report.integer(self.lines, Subject::FILE, lines + 1);
        }
        Ok(())
    }
}

macro_rules! probe {
    ($name:literal, $languages:literal, $tags:literal, $word:literal) => {
        const _: () = {
            const MANIFEST: &str = concat!(
                "schema = 1\nname = \"",
                $name,
                "\"\nversion = \"1.2.3\"\ndescription = \"Finds a word\"\nauthor = \"Tests\"\nlicense = \"MIT\"\n",
                "tags = ",
                $tags,
                "\napi = \"0.1\"\n[config.word]\ntype = \"text\"\ndefault = \"TODO\"\n",
                "[config.message]\ntype = \"text\"\ndefault = \"found it\"\n[analyzer]\nlanguages = ",
                $languages,
                "\n[[analyzer.rules]]\nid = \"word\"\nseverity = \"warning\"\nsummary = \"The word\"\nhelp = \"Go.\"\n",
                $word,
                "[[analyzer.rules]]\nid = \"call\"\nseverity = \"note\"\nsummary = \"A call\"\n",
                "[[analyzer.attributes]]\nname = \"lines\"\ntype = \"integer\"\nscope = \"file\"\n",
                "[[analyzer.attributes]]\nname = \"ratio\"\ntype = \"float\"\nscope = \"file\"\n",
                "[[analyzer.attributes]]\nname = \"size\"\ntype = \"integer\"\nscope = \"symbol\"\n",
            );
            static PLUGIN: abi::Plugin = abi::Plugin {
                magic: abi::MAGIC,
                size: size_of::<abi::Plugin>(),
                manifest: abi::Str::text(MANIFEST),
                analyzer: &const { analyzer_table::<Probe>() },
                backend: std::ptr::null(),
            };
            inventory::submit! { Builtin { plugin: &PLUGIN, manifest: MANIFEST } }
        };
    };
}

probe!("test/probe", "[\"*\"]", "[]", "");
probe!("test/other", "[\"python\"]", "[]", "");
probe!("another/probe", "[\"python\"]", "[]", "");
// Has to see every text, and what it finds must not be shown.
probe!("secret/probe", "[\"*\"]\nall_text = true", "[\"security\"]", "sensitive = true\n");

/// The plugin of this name.
pub(super) fn plugin(name: &str) -> Arc<Plugin> {
    let directories = PluginDirectories::below(&std::env::temp_dir());
    let mut registry = Registry::new(directories, Trust::default());
    registry.register_builtins(|known| known == name);
    registry.ready(name).unwrap()
}
