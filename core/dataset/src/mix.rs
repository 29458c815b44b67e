//! Rules over attributes: which documents are kept.
//!
//! A rule is a boolean expression in [CEL](https://cel.dev). Its variables:
//!
//! | variable | what it is |
//! |---|---|
//! | `path`, `language` | texts |
//! | `bytes`, `lines` | sizes of the text |
//! | `metrics.lines`, … | attributes, by the short name of the plugin that attached them |
//! | `attributes` | all attributes, for plugins whose name is no identifier: `attributes["my-plugin"].x` |
//! | `findings.secrets.total` | findings of a plugin, all rules together |
//! | `findings.secrets["jwt"]`, `findings.secrets.jwt` | findings of one rule; **0 when the rule found nothing** |
//! | `errors` | a list of texts: what analyzers failed with |
//!
//! A rule that names what no analyzer declares is refused. A document for which a rule cannot be evaluated (an
//! attribute is missing, a plugin did not run on it) is quarantined with the reason, never silently kept. `total` is
//! reserved: a plugin's own rule of that name is counted in the sum.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use cel::objects::{Key, Map as CelMap};
use cel::{Context, Env, Program, Value};
use codetune_analysis::{AttributeValue, Attributes};
use rayon::prelude::*;

use super::config::FilterRule;
use super::cost;
use super::defect::Defect;
use super::document::{Document, Dropped, Stage};
use super::error::DatasetError;
use super::expression;
use super::vocabulary::{TOTAL, Vocabulary};

/// Compiled rules.
pub(super) struct RuleSet<'a> {
    rules: Vec<Compiled>,
    vocabulary: &'a Vocabulary<'a>,
    environment: Arc<Env>,
}

struct Compiled {
    rule: FilterRule,
    program: Program,
}

impl<'a> RuleSet<'a> {
    /// Compiles rules.
    ///
    /// # Errors
    /// [`DatasetError::Rule`] with the rule's name and the position, for an expression that does not compile,
    /// can never be a boolean, calls an unknown function or uses an unknown name;
    /// [`DatasetError::DuplicateRule`].
    pub(super) fn compile(
        rules: &[FilterRule],
        vocabulary: &'a Vocabulary<'a>,
    ) -> Result<Self, DatasetError> {
        let mut names = BTreeSet::new();
        let environment = Arc::new(Env::stdlib());
        let compiled = rules.iter().map(|rule| {
            if !names.insert(&rule.name) {
                return Err(DatasetError::DuplicateRule(rule.name.clone()));
            }
            compile(rule, vocabulary)
        });
        Ok(Self { rules: compiled.collect::<Result<_, _>>()?, vocabulary, environment })
    }

    /// Why a document is left out, or `None` when every rule keeps it. The first rule that does not decides.
    pub(super) fn judge(&self, document: &Document) -> Option<(Stage, String)> {
        if self.rules.is_empty() {
            return None;
        }
        let mut context = Context::with_env(Arc::clone(&self.environment));
        bind(&mut context, document, findings(document, self.vocabulary));
        self.rules.iter().find_map(|compiled| {
            let name = &compiled.rule.name;
            match compiled.program.execute(&context) {
                Ok(Value::Bool(true)) => None,
                Ok(Value::Bool(false)) => {
                    Some((Stage::Rule, format!("rule \"{name}\": {} is false", compiled.rule.keep_if.trim())))
                }
                Ok(other) => Some((
                    Stage::Quarantine,
                    format!("rule \"{name}\" gave a {} instead of a boolean", other.type_of()),
                )),
                Err(error) => {
                    Some((Stage::Quarantine, format!("rule \"{name}\" could not be evaluated: {error}")))
                }
            }
        })
    }
}

/// Applies empty-text, quarantine and rule checks, in this order; both results stay in the order given.
pub(super) fn mix(
    documents: Vec<Document>,
    rules: &RuleSet<'_>,
    quarantine: bool,
) -> (Vec<Document>, Vec<(Document, Dropped)>) {
    let verdicts: Vec<_> =
        documents.par_iter().map(|document| verdict(document, rules, quarantine)).collect();
    let mut kept = Vec::with_capacity(documents.len());
    let mut dropped = Vec::new();
    for (document, verdict) in documents.into_iter().zip(verdicts) {
        match verdict {
            None => kept.push(document),
            Some((stage, reason)) => {
                let drop = Dropped { path: document.path.clone(), stage, reason, tokens: 0 };
                dropped.push((document, drop));
            }
        }
    }
    (kept, dropped)
}

fn verdict(document: &Document, rules: &RuleSet<'_>, quarantine: bool) -> Option<(Stage, String)> {
    if document.text.is_empty() {
        return Some((Stage::Empty, "the file has no text".to_owned()));
    }
    if quarantine && !document.errors.is_empty() {
        return Some((Stage::Quarantine, format!("analysis failed: {}", document.errors.join("; "))));
    }
    rules.judge(document)
}

fn compile(rule: &FilterRule, vocabulary: &Vocabulary<'_>) -> Result<Compiled, DatasetError> {
    let at = |line: usize, column: usize, cause: String| DatasetError::Rule {
        name: rule.name.clone(),
        line,
        column,
        cause,
    };
    if rule.keep_if.len() > RULE_BYTES {
        let cause = format!(
            "it has {} bytes, and at most {RULE_BYTES} are read; split it into several rules, all of which have to hold",
            rule.keep_if.len()
        );
        return Err(at(1, 1, cause));
    }
    let refused = |(line, column, cause)| at(line, column, cause);
    let program = on_a_large_stack(|| parse(&rule.keep_if)).map_err(refused)?;
    let place = |defect| refused(place(&program, &rule.keep_if, defect));
    let uses = expression::inspect(program.expression()).map_err(place)?;
    for (path, &node) in &uses {
        vocabulary.check(path).map_err(|cause| place(Defect { node, cause }))?;
    }
    Ok(Compiled { rule: rule.clone(), program })
}

/// Parses an expression that may be nested as deeply as it is long; one that is given back is not.
fn parse(text: &str) -> Result<Program, Misread> {
    let program = Program::compile(text).map_err(|errors| match errors.errors.first() {
        // The parser shows that error as its own source code has it.
        Some(first) if first.msg.contains("Recursion limit") => (1, 1, cost::too_deep()),
        Some(first) => (first.pos.0.max(1) as usize, first.pos.1.max(1) as usize, syntax_error(&first.msg)),
        None => (1, 1, errors.to_string()),
    })?;
    cost::check_depth(program.expression()).map_err(|defect| place(&program, text, defect))?;
    Ok(program)
}

/// What the parser says, without the list of all tokens that it would have taken.
fn syntax_error(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    let message = message.split_once(" expecting ").map_or(message, |(before, _)| before);
    let token = ["mismatched input ", "extraneous input ", "token recognition error at: "]
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix));
    match token {
        Some("'<EOF>'") => "the expression ends too early".to_owned(),
        Some(token) => format!("unexpected {token}"),
        None => message.to_owned(),
    }
}

/// The line and the column of a defect, from 1.
fn place(program: &Program, text: &str, defect: Defect) -> Misread {
    let start = program.source_info().offset_for(defect.node).map_or(0, |(start, _)| start as usize);
    let (line, column) = text
        .chars()
        .take(start)
        .fold((1, 1), |(line, column), c| if c == '\n' { (line + 1, 1) } else { (line, column + 1) });
    (line, column, defect.cause)
}

/// The most bytes of a rule's expression.
const RULE_BYTES: usize = 16 << 10;

/// What the expression of the longest rule takes to parse: sums and chains become trees as deep as they are long, some
/// 8 KiB a level in a development build.
const STACK: usize = 128 << 20;

/// A place and what is wrong there.
type Misread = (usize, usize, String);

/// Runs something where recursion is as deep as a rule is long.
fn on_a_large_stack<T: Send>(body: impl FnOnce() -> Result<T, Misread> + Send) -> Result<T, Misread> {
    let failed = |what: String| Err((1, 1, format!("it cannot be read: {what}")));
    std::thread::scope(|scope| {
        match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, body) {
            Ok(thread) => thread.join().unwrap_or_else(|_| failed("its parser failed".to_owned())),
            Err(error) => failed(format!("no thread can be started: {error}")),
        }
    })
}

fn bind(context: &mut Context<'_, '_>, document: &Document, findings: Value) {
    for (plugin, attributes) in document.attributes.iter() {
        context.add_variable_from_value(plugin, object(attributes));
    }
    // After the plugins: a plugin named like a variable is reached through `attributes` alone.
    context.add_variable_from_value("path", document.path.clone());
    context.add_variable_from_value("language", document.language.clone());
    context.add_variable_from_value("bytes", Value::Int(document.text.len() as i64));
    context.add_variable_from_value("lines", Value::Int(document.text.lines().count() as i64));
    let by_plugin = document.attributes.iter().map(|(plugin, attributes)| (key(plugin), object(attributes)));
    context.add_variable_from_value("attributes", Value::Map(CelMap { map: Arc::new(by_plugin.collect()) }));
    context.add_variable_from_value("findings", findings);
    context.add_variable_from_value("errors", document.errors.clone());
}

/// Counts by plugin and rule, with `total` and with 0 for the rules that found nothing.
fn findings(document: &Document, vocabulary: &Vocabulary<'_>) -> Value {
    let with_findings = document.findings.keys().map(String::as_str);
    let ran: BTreeSet<&str> = with_findings.chain(document.attributes.analyzers()).collect();
    let plugins = ran.into_iter().map(|plugin| {
        let known = vocabulary.rules(plugin);
        let mut counts: HashMap<Key, Value> = known.map(|rule| (key(rule), Value::Int(0))).collect();
        let mut total: i64 = 0;
        if let Some(serde_json::Value::Object(rules)) = document.findings.get(plugin) {
            for (rule, count) in rules {
                total = total.saturating_add(count.as_i64().unwrap_or(0));
                counts.insert(key(rule), Value::Int(count.as_i64().unwrap_or(0)));
            }
        }
        counts.insert(key(TOTAL), Value::Int(total));
        (key(plugin), Value::Map(CelMap { map: Arc::new(counts) }))
    });
    Value::Map(CelMap { map: Arc::new(plugins.collect()) })
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

fn object(attributes: &Attributes) -> Value {
    let value = |value: &AttributeValue| match value {
        AttributeValue::Integer(value) => Value::Int(*value),
        AttributeValue::Float(value) if value.is_finite() => Value::Float(*value),
        AttributeValue::Float(_) => Value::Null,
        AttributeValue::Boolean(value) => Value::Bool(*value),
        AttributeValue::Text(value) => Value::String(Arc::new(value.to_string())),
    };
    let map = attributes.iter().map(|(name, inner)| (key(name), value(inner))).collect();
    Value::Map(CelMap { map: Arc::new(map) })
}

#[cfg(test)]
mod tests {
    use codetune_analysis::UsedAnalyzer;
    use codetune_plugin::{Digest, Manifest, Runtime};
    use serde_json::json;

    use super::super::tests::document;
    use super::*;

    const SECRETS: &str = "schema = 1\nname = 'a/secrets'\nversion = '1.0.0'\ndescription = 'd'\nauthor = 'a'\n\
         license = 'MIT'\napi = '0.1'\n[analyzer]\nlanguages = ['*']\n\
         [[analyzer.rules]]\nid = 'aws-key'\nseverity = 'error'\nsummary = 's'\n\
         [[analyzer.rules]]\nid = 'jwt'\nseverity = 'error'\nsummary = 's'\n\
         [[analyzer.attributes]]\nname = 'words'\ntype = 'integer'\nscope = 'file'\n\
         [[analyzer.attributes]]\nname = 'length'\ntype = 'integer'\nscope = 'symbol'\n";

    fn with_rules<R>(expressions: &[&str], body: impl FnOnce(Result<RuleSet<'_>, DatasetError>) -> R) -> R {
        let rules: Vec<FilterRule> = expressions
            .iter()
            .enumerate()
            .map(|(i, keep_if)| FilterRule { name: format!("r{i}"), keep_if: (*keep_if).to_owned() })
            .collect();
        let used = UsedAnalyzer {
            key: "secrets".into(),
            manifest: Manifest::parse(SECRETS).unwrap(),
            digest: Digest::of(b""),
            runtime: Runtime::Builtin,
        };
        let analyzers = [used];
        let vocabulary = Vocabulary::new(&analyzers, ["metrics", "licences"]);
        body(RuleSet::compile(&rules, &vocabulary))
    }

    fn analysed() -> Document {
        let mut document = document("src/a.rs", "fn a() {}\nfn b() {}\n");
        let values: [(&str, AttributeValue); 4] = [
            ("lines", 2.into()),
            ("comment_ratio", 0.5.into()),
            ("generated", false.into()),
            ("big", i64::MAX.into()),
        ];
        document.attributes.insert("metrics", values.into_iter().collect());
        document.findings.insert("secrets".into(), json!({"aws-key": 2, "other": 1}));
        document
    }

    fn judge(expression: &str) -> Option<(Stage, String)> {
        with_rules(&[expression], |rules| rules.unwrap().judge(&analysed()))
    }

    #[test]
    fn rules_that_hold_keep_the_document() {
        for expression in [
            "true",
            "metrics.lines == 2 && metrics.lines * 2 < 5",
            "metrics.comment_ratio > 0 && metrics.comment_ratio <= 1",
            "!metrics.generated",
            "metrics.big > 5",
            "path.startsWith('src/') && path.matches('^src/.*[.]rs$') && language == 'Rust'",
            "bytes == 20 && lines == 2 && size(errors) == 0",
            "findings.secrets.total == 3 && findings.secrets['aws-key'] == 2",
            "attributes['metrics'].lines == 2",
            "language in ['Rust', 'Go']",
            "['a', 'b'].exists(x, path.contains(x))",
            "has(metrics.lines) ? metrics.lines > 1 : false",
        ] {
            assert_eq!(judge(expression), None, "{expression}");
        }
    }

    #[test]
    fn a_rule_that_is_false_drops_with_its_name_and_text() {
        let (stage, reason) = judge("metrics.lines > 2").unwrap();
        assert_eq!(stage, Stage::Rule);
        assert_eq!(reason, "rule \"r0\": metrics.lines > 2 is false");
    }

    #[test]
    fn an_absent_finding_counts_zero_where_the_plugin_ran() {
        assert_eq!(judge("findings.secrets.jwt == 0 && findings['secrets'].jwt == 0"), None);
        assert_eq!(judge("findings.metrics.total == 0"), None);
        let (stage, _) = judge("findings.licences.total == 0").unwrap();
        assert_eq!(stage, Stage::Quarantine, "a plugin that did not run has no count");
        let (stage, _) = judge("findings.metrics.anything == 0").unwrap();
        assert_eq!(stage, Stage::Quarantine, "of rules that are not known there is no count");
    }

    #[test]
    fn a_rule_that_cannot_be_evaluated_quarantines() {
        for expression in ["metrics.depth > 2", "metrics.lines > 'x'", "metrics.lines", "1 / 0 == 1"] {
            let (stage, reason) = judge(expression).unwrap();
            assert_eq!(stage, Stage::Quarantine, "{expression}");
            assert!(reason.contains("\"r0\""), "{reason}");
        }
        assert!(judge("metrics.depth > 2").unwrap().1.contains("depth"));
    }

    #[test]
    fn rules_that_cannot_work_are_refused_at_load_with_their_place() {
        let refused =
            |expression: &str| with_rules(&["true", expression], |rules| rules.err().unwrap().to_string());
        assert!(refused("metrics.lines >").starts_with("rule \"r1\", line 1"));
        assert!(refused("metrics.lines > 1 &&\n  metrcs.lines < 5").contains("line 2, column 3"));
        assert!(refused("metrcs.lines < 5").contains("did you mean metrics?"));
        let typed = refused("findings.secrets.aws_key == 0");
        assert!(typed.contains("secrets has no rule aws_key; did you mean aws-key?"), "{typed}");
        let typed = refused("true &&\n  findings['secrets']['jwts'] < 1");
        assert!(typed.contains("line 2") && typed.contains("did you mean jwt?"), "{typed}");
        assert!(refused("findings.secrts.total == 0").contains("did you mean secrets?"));
        assert!(refused("has(findings.secrts)").contains("did you mean secrets?"));
        assert!(refused("attributes.secrets.word == 0").contains("did you mean words?"));
        assert!(refused("has(secrets.wrods)").contains("did you mean words?"));
        assert!(refused("secrets.length < 9").contains("has no file attribute named length"));
        assert!(refused("path.beginsWith('a')").contains("no function beginsWith"));
        assert!(refused("path.matches('(')").contains("pattern"));
        for expression in ["lines", "1 + 1", "size(path)", "'x'", "[1]", "path && true", "!bytes", ""] {
            refused(expression);
        }
    }

    #[test]
    fn two_rules_of_one_name_are_refused() {
        let rule = FilterRule { name: "a".into(), keep_if: "true".into() };
        let vocabulary = Vocabulary::new(&[], []);
        let error = RuleSet::compile(&[rule.clone(), rule], &vocabulary).err().unwrap();
        assert!(matches!(error, DatasetError::DuplicateRule(name) if name == "a"));
    }

    #[test]
    fn failed_analysis_and_empty_text_are_left_out_with_the_reason() {
        let mut failed = document("b", "x");
        failed.errors.push("metrics: timed out".into());
        let documents = vec![document("a", ""), failed, document("c", "x")];
        let vocabulary = Vocabulary::new(&[], []);
        let rules = RuleSet::compile(&[], &vocabulary).unwrap();
        let (kept, dropped) = mix(documents.clone(), &rules, true);
        assert_eq!(kept.len(), 1);
        assert_eq!(dropped[0].1.stage, Stage::Empty);
        assert_eq!(dropped[1].1.stage, Stage::Quarantine);
        assert_eq!(dropped[1].1.reason, "analysis failed: metrics: timed out");
        assert_eq!(mix(documents, &rules, false).0.len(), 2);
    }

    /// Why rules are refused.
    fn refusal(expression: &str) -> String {
        with_rules(&[expression], |rules| rules.map(|_| ()).unwrap_err().to_string())
    }

    #[test]
    fn a_rule_that_would_take_minutes_for_each_file_is_refused_before() {
        let ten = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
        let nested = |what: &str, depth: usize, inner: &str| {
            let loops: String = (0..depth).map(|i| format!("{ten}.{what}(v{i}, ")).collect();
            format!("{loops}{inner}{}", ")".repeat(depth))
        };
        for rule in [
            nested("all", 8, "true"),
            nested("exists", 6, "false"),
            format!("{}.size() > 0", nested("map", 7, ten)),
        ] {
            let error = refusal(&rule);
            assert!(
                error.contains("steps for each file, and 100000 are allowed; nest fewer loops"),
                "{error}"
            );
        }
        // Each loop sees one item, and doubles a text.
        let doubled: String = (1..28).map(|i| format!("[v{0} + v{0}].exists(v{i}, ", i - 1)).collect();
        let error = refusal(&format!("['abcdefgh'].exists(v0, {doubled}size(v27) > 3{}", ")".repeat(28)));
        assert!(error.contains("it may"), "{error}");
        with_rules(&[&nested("all", 3, "v0 + v1 + v2 >= 0")], |rules| {
            assert!(rules.unwrap().judge(&analysed()).is_none());
        });
    }

    #[test]
    fn rules_as_people_write_them_are_cheap_enough() {
        let paths: String = (0..300).map(|i| format!("'src/some/folder/file_{i}.rs', ")).collect();
        for rule in [
            format!("!(path in [{paths} 'last.rs'])"),
            "['a', 'b', 'c', 'd', 'e'].all(part, !path.matches('(^|/)' + part + '(/|$)'))".to_owned(),
            "errors.all(e, !e.contains('timed out')) && bytes < 200000".to_owned(),
            vec!["path != 'x.rs'"; 300].join(" && "),
            format!("lines {} > 0", "+ 1 ".repeat(150)),
        ] {
            with_rules(&[&rule], |rules| assert!(rules.unwrap().judge(&analysed()).is_none(), "{rule}"));
        }
    }

    #[test]
    fn a_rule_that_is_nested_too_deeply_is_refused_and_overflows_no_stack() {
        for rule in [
            format!("1{} > 0", "+1".repeat(8_000)),
            format!("path{} == 1", ".a".repeat(8_000)),
            format!("attributes{} == 1", "[0]".repeat(5_000)),
            format!("lines{} > 0", " - 1".repeat(300)),
            format!("{}true{}", "(".repeat(500), ")".repeat(500)),
            format!("{}{}", "!".repeat(101), "(".repeat(500)),
        ] {
            let error = refusal(&rule);
            assert!(error.contains("nested too deeply here; split it into several rules"), "{error}");
        }
        let error = refusal(&"true && ".repeat(4_000));
        assert!(error.contains("it has 32000 bytes, and at most 16384 are read; split it"), "{error}");
    }

    #[test]
    fn a_syntax_error_names_what_was_not_expected() {
        for (rule, expected) in [
            ("lines <", "line 1, column 8: the expression ends too early"),
            ("lines < 5)", "line 1, column 10: unexpected ')'"),
        ] {
            let error = refusal(rule);
            assert!(error.ends_with(expected), "{error}");
        }
    }

    #[test]
    fn only_functions_that_there_are_may_be_called() {
        for call in ["min(lines, 2)", "max(lines, 2)"] {
            let error = refusal(&format!("{call} == 2"));
            assert!(error.contains("there is no function m"), "{error}");
        }
    }
}
