//! What is found and what is let be. Secrets are put together at run time, so that none lies in this file.

mod support;

use codetune_plugin_sdk::{Severity, Value};
use support::{analyze, setup};

/// Random letters and digits, the same every time.
fn random(length: usize, seed: u64) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(DIGITS[(state >> 33) as usize % 62])
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn rules(path: &str, text: &str) -> Vec<String> {
    let rules = setup().rules;
    analyze(path, text).findings.iter().map(|finding| rules[finding.rule as usize].clone()).collect()
}

fn found(text: &str) -> Vec<String> {
    rules("a.py", text)
}

const GITHUB: [&str; 3] = ["ghp", "_zQWBuTSOoRi4A9spHcVY5ncns", "DkxkJ0mLq17"];

fn jwt() -> String {
    // {"alg":"HS256","typ":"JWT"} and {"sub":"1"}
    format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.{}", random(43, 3))
}

#[test]
fn finds_each_format() {
    let pem = |label: &str| {
        format!(
            "-----BEGIN {label}PRIVATE KEY-----\n{}\n{}\n-----END {label}PRIVATE KEY-----",
            random(64, 1),
            random(40, 2)
        )
    };
    let hex: String = "9f3ac07be215d8467c0a".chars().chain("e1b4583d92f6".chars()).collect();
    let base64 = format!("{}A==", random(85, 9));
    let pypi = format!("pypi-{}{}", "AgEIcHlwaS5vcmcC", random(80, 4));
    let samples = [
        ("aws-access-key-id", format!("AKIA{}", "Q3EG7YLP2ZXNKD5T")),
        ("github-token", GITHUB.concat()),
        ("github-fine-grained-token", format!("github_pat_{}_{}", random(22, 5), random(59, 6))),
        ("gitlab-token", format!("glpat-{}", random(20, 7))),
        ("slack-token", format!("xoxb-{}-{}-{}", "2837465019283", "9182736450918", random(24, 8))),
        (
            "slack-webhook",
            format!("https://hooks.slack.com/services/{}/{}/{}", "T03KD8WQ2", "B04ZN7XPL", random(24, 8)),
        ),
        ("stripe-key", format!("sk_live_{}", random(24, 9))),
        ("google-api-key", format!("AIza{}", random(35, 10))),
        ("openai-key", format!("sk-{}T3Blbk{}{}", random(20, 11), "FJ", random(20, 12))),
        ("openai-key", format!("sk-proj-{}T3Blbk{}{}", random(74, 11), "FJ", random(74, 12))),
        ("anthropic-key", format!("sk-ant-api03-{}AA", random(93, 13))),
        ("npm-token", format!("npm_{}{}", "qkJaB6MffYVzZXWqmcoF49yrUxP3wf", "0LsakP")),
        ("pypi-token", pypi),
        ("sendgrid-key", format!("SG.{}.{}", random(22, 15), random(43, 16))),
        ("twilio-key", format!("SK{hex}")),
        ("json-web-token", jwt()),
        ("private-key", pem("")),
        ("private-key", pem("RSA ").replace('\n', "\\n")),
        ("azure-storage-key", format!("AccountName=a;AccountKey={base64};")),
        ("url-password", format!("postgres://app:{}@db.internal/x", random(12, 17))),
        ("aws-secret-access-key", format!("aws_secret_access_key = \"{}\"", random(40, 18))),
        ("assigned-secret", format!("password = '{}'", random(16, 19))),
    ];
    for (rule, secret) in samples {
        assert_eq!(found(&format!("x = \"{secret}\"\n")), [rule], "{secret}");
    }
}

#[test]
fn a_key_ends_before_the_full_stop_of_its_sentence() {
    for key in [
        format!("glpat-{}", random(20, 7)),
        format!("glpat-{}.{}.{}", random(27, 7), "01", "0k2f4ab1x"),
        format!("SG.{}.{}", random(22, 15), random(43, 16)),
        jwt(),
    ] {
        for after in [".", ". Next", "...", ".\n", ".)"] {
            let report = analyze("a.md", &format!("It was {key}{after}"));
            let spans: Vec<_> = report.findings.iter().map(|finding| (finding.start, finding.end)).collect();
            assert_eq!(spans, [(7, 7 + key.len() as u32)], "{key}{after}");
        }
    }
}

#[test]
fn refuses_what_only_looks_like_a_format() {
    let wrong = GITHUB.concat().replace("q17", "q18");
    let header = format!("{}.{}.{}", "eyJub3QiOiJqd3QifQ", "eyJzdWIiOiIxIn0", random(43, 3));
    let samples = [
        wrong,
        header,
        format!("AKIA{}", "IOSFODNN7EXAMPLE"),
        format!("AKIA{}", "Q3EG7YLP2ZXNKD5T9"),
        format!("AKIA{}", "Q3EG7YLP0ZXN1D5T"),
        format!("sk-{}", random(48, 1)),
        format!("glpat-{}", "x".repeat(20)),
        format!("sk_test_{}", random(24, 9)),
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----".to_owned(),
        "-----BEGIN CERTIFICATE-----".to_owned(),
        format!(
            "AccountKey={}",
            "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
        ),
        "https://user:password@host.internal/".to_owned(),
        "https://user:${PASSWORD}@host.internal/".to_owned(),
        "postgres://postgres:postgres@localhost/x".to_owned(),
        "https://host.internal:8080/a@b".to_owned(),
        format!("docker://alpine:3.19@sha256:{}", "9f86d081884c7d65".repeat(4)),
        format!("oci://registry:v1.2.3@sha512:{}", "9f86d081884c7d65".repeat(8)),
        "https://user:k9Tq2mZp7Rw4@/path".to_owned(),
        format!("SG.{}.{}.{}", random(22, 15), random(43, 16), random(8, 17)),
        format!("glpat-{}.", random(19, 7)),
    ];
    for sample in samples {
        assert_eq!(found(&format!("x = \"{sample}\"\n")), [""; 0], "{sample}");
    }
}

#[test]
fn finds_values_assigned_to_suspicious_names() {
    let value = random(20, 21);
    for line in [
        format!("const API_KEY: &'static str = \"{value}\";"),
        format!("const apiKey: string = '{value}'"),
        format!("{{\"client_secret\": \"{value}\"}}"),
        format!("config['db_password'] = '{value}'"),
        format!("token := \"{value}\""),
        format!("var authToken string = \"{value}\""),
        format!("#define SECRET_KEY \"{value}\""),
        format!("private String accessKey = \"{value}\";"),
        format!("connect(user=\"a\", password=\"{value}\")"),
        format!(":secret_key => '{value}'"),
        format!("char password[] = \"{value}\";"),
        format!("static const char token[MAX_TOKEN + 1] = \"{value}\";"),
        format!("const char *const secret = L\"{value}\";"),
        format!("std::string secret(\"{value}\");"),
        format!("const std::string kSecret{{\"{value}\"}};"),
        format!("std::string secret = std::string(\"{value}\");"),
        format!("password := []byte(\"{value}\")"),
        format!("var password []byte = []byte(`{value}`)"),
        format!("Password: []byte(\"{value}\"),"),
        format!("let secret: &str = \"{value}\";"),
        format!("const SECRET: &[u8; 20] = b\"{value}\";"),
        format!("let token = String::from(\"{value}\");"),
        format!("let token = Some(\"{value}\".to_owned());"),
        format!("let token: Option<SecretString> = Some(SecretString::from(\"{value}\"));"),
        format!("char[] password = \"{value}\".toCharArray();"),
        format!("String password = new String(\"{value}\");"),
        format!("password: str = \"{value}\""),
        format!("password: Annotated[str, Secret] = '{value}'"),
        format!("password: Optional[str] = \"\"\"{value}\"\"\""),
        format!("def connect(password: str = '{value}'):"),
        format!("const secret: string = '{value}'"),
        format!("private readonly secret?: string | null = '{value}'"),
        format!("{{\"password\": \"{value}\"}}"),
        format!("password ||= '{value}'"),
        format!("TOKEN ?= '{value}'"),
        format!("<user name=\"a\" password=\"{value}\"/>"),
        format!("<add key=\"ApiKey\" value=\"{value}\"/>"),
        format!("<password>{value}</password>"),
        format!("<ns:Password>{value}</ns:Password>"),
        format!("export TOKEN={value}"),
        format!("$ export API_TOKEN={value} && run"),
        format!("shared_secret = '{value}'"),
        format!("SharedAccessKey='{value}'"),
        format!("shadow_password = '{value}'"),
        format!("AWS_SECURITY_TOKEN = '{value}'"),
        format!("profile_token = '{value}'"),
        format!("latest_token = '{value}'"),
        format!("username_password = '{value}'"),
        format!("curlToken = '{value}'"),
        format!("if token == \"{value}\" {{"),
        format!("if secret === '{value}' {{"),
        format!("TOKEN={value}"),
    ] {
        assert_eq!(found(&line), ["assigned-secret"], "{line}");
    }
}

#[test]
fn hexadecimal_digits_are_a_secret_unless_their_name_says_digest() {
    let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c";
    for length in [40, 48] {
        let hex = &hex[..length];
        for line in [
            format!("access_token = \"{hex}\""),
            format!("{{\"sha1\": \"{hex}\", \"commit\": \"{hex}\", \"access_token\": \"{hex}\"}}"),
        ] {
            assert_eq!(found(&line), ["assigned-secret"], "{line}");
        }
        for name in
            ["sha256", "integrity", "checksum", "rev", "commit", "token_sha256", "commitToken", "secret-rev"]
        {
            assert_eq!(found(&format!("{name} = \"{hex}\"")), [""; 0], "{name}");
        }
    }
}

#[test]
fn an_aws_secret_may_hold_any_digit_of_base64_anywhere() {
    for name in ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "secretAccessKey", "AWSSecretKey"] {
        for value in [
            random(40, 18),
            format!("/{}", random(39, 18)),
            format!("+/{}//", random(36, 18)),
            format!("{}/", random(39, 18)),
        ] {
            assert_eq!(found(&format!("{name}=\"{value}\"")), ["aws-secret-access-key"], "{name} {value}");
        }
        for value in ["/home/someone/projects/website/secrets", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"] {
            assert_eq!(found(&format!("{name}=\"{value}\"")), [""; 0], "{name} {value}");
        }
    }
}

#[test]
fn lets_harmless_values_be() {
    let value = random(20, 21);
    let sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b";
    for line in [
        format!("tokenizer = \"{value}\""),
        "if token == \"access-token-12\" || secret != \"BEGIN_OBJECT_2\" {".to_owned(),
        format!("password_hash = \"{value}\""),
        format!("token = get(\"{value}\")"),
        format!("secret = {{'sha1': 0, 'commit_token': '{sha}'}}"),
        "password = \"changeme-please-1\"".to_owned(),
        "password = \"${DB_PASSWORD_1}\"".to_owned(),
        "api_key = \"<your key 1>\"".to_owned(),
        "secret = \"the quick brown fox 1\"".to_owned(),
        "token = \"authentication.required\"".to_owned(),
        "secret = \"00000000-0000-0000-0000-000000000001\"".to_owned(),
        "secret = \"short1\"".to_owned(),
        "password = os.environ[\"DB_PASSWORD\"]".to_owned(),
        format!("secret_path = \"/run/{value}\""),
        format!("password_file = \"{value}\""),
        format!("tokenUri = \"{value}\""),
        format!("tokenURLs = \"{value}\""),
        format!("secret_name = \"{value}\""),
        format!("test_password = \"{value}\""),
        format!("dummyToken = \"{value}\""),
        format!("char token[] = get(\"{value}\");"),
        format!("std::string secret(get(\"{value}\"));"),
        format!("auto x = secret(\"{value}\");"),
        format!("password := os.Getenv(\"{value}\")"),
        format!("password := []byte(os.Getenv(\"{value}\"))"),
        format!("let token = env!(\"{value}\");"),
        format!("let token = String::from(lookup(\"{value}\"));"),
        format!("secret := map[string]string{{\"{value}\": x}}"),
        format!("Promise<Token>{value}</b>"),
        format!("TOKEN = {value}"),
        "export TOKEN=${DB_TOKEN_12}".to_owned(),
        "export TOKEN=$1a2b3c4d5e6f".to_owned(),
        "export TOKEN=<your-key-123>".to_owned(),
        "<password>${db.password1}</password>".to_owned(),
        "std::string secret(\"changeme12345\");".to_owned(),
        "password := []byte(\"xxxxxxxx12\")".to_owned(),
        "KRB5_PASSWORD = 'KRB5_PASSWORD'".to_owned(),
        "secret = 'projects/7/secrets/pat/versions/1'".to_owned(),
        "emptyPassword = '\\u7528\\u6237\\u540d'".to_owned(),
    ] {
        assert_eq!(found(&line), [""; 0], "{line}");
    }
}

#[test]
fn bare_words_count_in_settings_alone() {
    let text = format!("user=app\nDB_PASSWORD={}\n", random(18, 22));
    assert_eq!(rules("deploy/.env", &text), ["assigned-secret"]);
    assert_eq!(rules("a.yaml", &text.replace('=', ": ")), ["assigned-secret"]);
    for path in ["app.ini", "a.toml", "b.properties", "run.sh", "Dockerfile", ".npmrc", ".aws/credentials"] {
        assert_eq!(rules(path, &text), ["assigned-secret"], "{path}");
        assert_eq!(rules(path, &text.replace('\n', " # comment\n")), ["assigned-secret"], "{path}");
    }
    assert_eq!(rules("a.rs", &text.replace('=', " = ")), [""; 0]);
    let harmless =
        ["$(get a1)", "${TOKEN_12345}", "get_token(a1b2)", "<your-key-1>", "/run/secrets/db1", "$1"];
    for value in harmless {
        assert_eq!(rules("a.sh", &format!("DB_PASSWORD={value}\n")), [""; 0], "{value}");
    }
}

#[test]
fn a_key_with_a_format_is_reported_once_by_its_format() {
    let text = format!("github_token = \"{}\"", GITHUB.concat());
    assert_eq!(found(&text), ["github-token"]);
}

#[test]
fn a_private_key_starts_where_its_block_begins() {
    let begin = "-----BEGIN PRIVATE KEY-----\n";
    let block = format!("{begin}{}\n{}\n-----END PRIVATE KEY-----", random(64, 1), random(40, 2));
    let report = analyze("a.py", &format!("{begin}é\n{block}\n"));
    let spans: Vec<_> = report.findings.iter().map(|finding| (finding.start, finding.end)).collect();
    let start = begin.len() as u32 + 3;
    assert_eq!(spans, [(start, start + block.len() as u32)]);
}

#[test]
fn no_text_of_the_report_holds_the_secret_and_the_edit_removes_it() {
    let secrets = [GITHUB.concat(), random(12, 23)];
    let text = format!("π = \"{}\"\npassword = \"{}\"\n", secrets[0], secrets[1]);
    let report = analyze("a.py", &text);
    let mut redacted = text.clone();
    for edit in report.edits.iter().rev() {
        redacted.replace_range(
            edit.start as usize..edit.end as usize,
            &report.strings[edit.replacement as usize],
        );
    }
    assert_eq!(redacted, "π = \"redacted-github-token\"\npassword = \"redacted-assigned-secret\"\n");
    for secret in &secrets {
        assert!(report.strings.iter().all(|text| !text.contains(&secret[..6])), "{:?}", report.strings);
    }
    assert!(report.strings.contains(&"GitHub token `ghp_…` (40 characters)".to_owned()));
    assert!(report.strings.contains(&"value that looks secret `…` (12 characters)".to_owned()));
}

#[test]
fn attributes_say_how_many_and_how_random() {
    let report = analyze("a.py", &format!("x = '{}'\n", GITHUB.concat()));
    assert_eq!(report.attributes[0].value, Value::Integer(1));
    assert!(matches!(report.attributes[1].value, Value::Float(bits) if bits > 4.0 && bits < 5.4));
    let short = analyze("a.py", "secret = 'k9Tq2mZp'\n");
    assert_eq!(short.attributes[0].value, Value::Integer(0));
    assert!(matches!(short.attributes[1].value, Value::Float(bits) if bits > 2.5));
    assert_eq!(analyze("a.py", "").attributes[1].value, Value::Float(0.0));
}

#[test]
fn of_findings_that_overlap_the_most_severe_stays_and_names_the_others() {
    let github = GITHUB.concat();
    let gitlab = format!("glpat-{}", random(20, 7));
    for (text, rule, related) in [
        (
            format!("git clone https://x-access-token:{github}@github.com/a/b.git"),
            "github-token",
            "also password in a URL",
        ),
        (
            format!("git clone https://oauth2:{gitlab}@gitlab.test/a/b.git"),
            "gitlab-token",
            "also password in a URL",
        ),
        (
            format!("curl -u svc:{github} https://a.internal"),
            "github-token",
            "also password in a command line",
        ),
        (format!("Authorization: Bearer {github}"), "github-token", "also credentials of a header"),
        (format!("DB_PASSWORD=\"{github}\""), "github-token", "also value that looks secret"),
    ] {
        let report = analyze("a.sh", &text);
        let rules = setup().rules;
        let found: Vec<_> = report.findings.iter().map(|f| (&*rules[f.rule as usize], f.severity)).collect();
        assert_eq!(found, [(rule, Severity::Error)], "{text}");
        let message = &report.strings[report.findings[0].message.expect("a message") as usize];
        assert!(message.contains(related), "{text}: {message}");
    }
}

#[test]
fn an_edit_replaces_the_secret_alone_and_leaves_the_syntax_whole() {
    let value = random(16, 21);
    for (path, before, after) in [
        ("a.yaml", "PASSWORD: ${DB_PASSWORD:-", "}"),
        ("a.sh", "TOKEN=${TOKEN:-", "}"),
        ("a.sh", "export TOKEN=", " && run"),
        ("a.sh", "curl -u svc:", " https://a.internal"),
        ("a.py", "url = 'https://svc:", "@a.internal/b'"),
        ("a.json", "\"a\": \"Server=b;Password=", ";Timeout=3\""),
        ("a.json", "\"a\": \"{\\\"password\\\":\\\"", "\\\"}\""),
        ("a.xml", "<password>", "</password>"),
        ("a.yaml", "auth: {user: svc, password: ", "}"),
        ("a.properties", "db.password=${DB:", "}"),
        ("a.yaml", "password: {{ .Values.password | default \"", "\" }}"),
        ("a.md", "Authorization: Token ", ""),
        ("a.py", "a(\"X-Api-Key\", \"", "\")"),
    ] {
        let report = analyze(path, &format!("{before}{value}{after}\n"));
        let edits: Vec<_> =
            report.edits.iter().map(|edit| (edit.start as usize, edit.end as usize)).collect();
        assert_eq!(edits, [(before.len(), before.len() + value.len())], "{before}{value}{after}");
        let replacement = &report.strings[report.edits[0].replacement as usize];
        assert!(replacement.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{replacement}");
        // What was redacted is not found again.
        assert_eq!(
            rules(path, &format!("{before}{replacement}{after}\n")),
            [""; 0],
            "{before}{replacement}{after}"
        );
    }
}

#[test]
fn every_rule_of_the_manifest_finds_a_line_of_the_corpus() {
    let corpus = [include_str!("corpus/families.txt"), include_str!("corpus/values.txt")].concat();
    let found = rules("a.sh", &corpus.replace(['⟦', '⟧', '¦'], ""));
    let key = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", random(64, 1));
    let found: std::collections::BTreeSet<String> = found.into_iter().chain(rules("a.pem", &key)).collect();
    let missing: Vec<String> = setup().rules.into_iter().filter(|rule| !found.contains(rule)).collect();
    assert_eq!(missing, [""; 0]);
}
