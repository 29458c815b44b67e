//! What texts cost that are made to cost much, in bytes looked at.

use codetune_plugin_sdk::{Report, Source};
use codetune_plugin_testing as testing;

use crate::Secrets;
use crate::work::count;

/// How often a byte may be looked at.
const MOST: usize = 128;

fn analyze(path: &str, text: &str) -> Report {
    let setup = testing::setup(include_str!("../plugin.toml"));
    let query = |_: &str| Err("no tree".to_owned());
    testing::analyze::<Secrets>(
        testing::config::<Secrets>(&setup),
        &setup,
        &Source::new(path, "text", text, &query),
    )
}

/// The bytes looked at in `start` and then `unit` again and again, up to `length` bytes.
fn cost(path: &str, start: &str, unit: &str, length: usize) -> usize {
    let text = start.to_owned() + &unit.repeat(length / unit.len());
    count(|| {
        analyze(path, &text);
    })
}

#[test]
fn twice_the_text_costs_twice_as_much() {
    let jwt = "eyJhbGciOiIifQ.";
    let body = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
    let begin = "-----BEGIN PRIVATE KEY-----\n";
    let texts: Vec<(&str, String)> = vec![
        // Every anchor, again and again, alone and apart.
        ("", "eyJ.".to_owned()),
        ("", "a.eyJ".to_owned()),
        ("", jwt.to_owned()),
        ("", format!("{jwt}{body}.")),
        (jwt, "a".to_owned()),
        ("", "T3BlbkFJ".to_owned()),
        ("sk-", "T3BlbkFJ".to_owned()),
        ("", format!("sk-{}.", "aZ4T3BlbkFJ".repeat(30))),
        ("", "pypi-AgE".to_owned()),
        ("", "pypi-AgEIcHlwaS5vcmcC".to_owned()),
        ("", "pypi-AgEIcHlwaS5vcmcCa".to_owned()),
        ("", "glpat-.".to_owned()),
        ("", "xoxb-xoxb-.".to_owned()),
        ("", "SG..".to_owned()),
        ("", "AKIA+ASIA+SK+AIza+npm_.sk_live_.ghp_.github_pat_.sk-ant-api03-.MT.pat.cio.oy2.Q~.:AA.-us3.key-.EAAM".to_owned()),
        ("", "AccountKey=".to_owned()),
        ("", format!("AccountKey={body}")),
        ("", "hooks.slack.com/services/T/B/".to_owned()),
        ("", "a://b:c12d@".to_owned()),
        ("", "://".to_owned()),
        ("a://", "b".to_owned()),
        // Keys without an end.
        ("", begin.to_owned()),
        ("", "-----BEGIN ".to_owned()),
        ("", "-----BEGIN PRIVATE KEY-----END ".to_owned()),
        ("", format!("{begin}{body}\n")),
        (begin, body.to_owned()),
        (begin, format!("-----END {body}")),
        // Assignments.
        ("", "token".to_owned()),
        ("", "token ".to_owned()),
        ("", "token \"".to_owned()),
        ("#define ", "token \"".to_owned()),
        ("#define", " token \"a1b2c3d4e5f6g7h8\"".to_owned()),
        ("", "token=\"".to_owned()),
        ("", "token='token=\"token=`".to_owned()),
        ("", "token=token:".to_owned()),
        ("", "token=a1b2".to_owned()),
        ("", "token=a1b2 ".to_owned()),
        ("", "token=a1b2".repeat(1600) + "\n"),
        ("", "token=\n".to_owned()),
        ("", "token: token a='a1b2c3d4e5f6'".to_owned()),
        ("", "token = '0a1b2c3d4e5f', ".to_owned()),
        ("", format!("{} = '{body}{body}{body}';", "token_".repeat(13))),
        ("", format!("{}: a = '{body}{body}{body}';", "token ".repeat(9))),
        ("token", "\"".to_owned()),
        ("token", "]".to_owned()),
        ("token", " ".to_owned()),
        ("token = ", "r".to_owned()),
        ("token = \"", "a".to_owned()),
        ("token = ", "a1é".to_owned()),
        ("", "token[".to_owned()),
        ("", "token[a".to_owned()),
        ("", "token: [<".to_owned()),
        ("", "string token(".to_owned()),
        ("", "string token(\"".to_owned()),
        ("", "string token{string(bytes(\"a1\"".to_owned()),
        ("", "token=from(new(some(".to_owned()),
        ("", "token=[]byte(\"a1b2c3d4e5f6\")".to_owned()),
        ("", "token=\"\"\"".to_owned()),
        ("", "<token>".to_owned()),
        ("", "<token>a</".to_owned()),
        ("", "token>a1b2c3d4e5f6</token".to_owned()),
        ("", "export token=".to_owned()),
        ("export", " ".to_owned()),
        ("", "export TOKEN=a1b2 ".to_owned()),
        ("", "token??=".to_owned()),
        ("", format!("aws_secret=\"{}\";", &body[..40])),
        ("", format!("token='{}';", "a1/".repeat(160))),
        ("", format!("aT{}='a1';", "aT".repeat(36) + "oken")),
        ("", format!("glpat-{}", ".".repeat(300))),
        ("", format!("SG.{}.", &body[..22])),
        // Flags, headers, defaults and lists.
        ("mysql", " -p".to_owned()),
        ("curl", " -u a:b1c2d3e4".to_owned()),
        ("", "mysql -pa1b2c3d4".to_owned()),
        ("", "Bearer ".to_owned()),
        ("", "Bearer a1b2c3d4e5f6g7h8i9".to_owned()),
        ("", "Basic YTpiMWMyZDNlNA".to_owned()),
        ("", "${token:-".to_owned()),
        ("", "${token:-a}".to_owned()),
        ("${token:-", "{".to_owned()),
        ("", "token=['a1','b2',".to_owned()),
        ("token=[", "'a1b2c3d4e5f6',".to_owned()),
        ("", "\"token\", \"a1b2c3d4e5f6".to_owned()),
        ("", "\\\"token\\\":\\\"".to_owned()),
        ("", "token: \\\"a1b2".to_owned()),
        ("", "token\n value: ".to_owned()),
        ("", "key=a1b2".to_owned()),
        ("", "pwd=a1b2&".to_owned()),
        ("", "pwd:{a1,".to_owned()),
        ("", "pwd=a1;b c;".to_owned()),
        ("", "<key>token</key>".to_owned()),
        ("", "token(\"\\".to_owned()),
        ("", "token=\"\\x41".to_owned()),
        ("", "PuTTY-User-Key-File-".to_owned()),
        ("", "PuTTY-User-Key-File-2\nPrivate-Lines: 9\n".to_owned()),
        ("PuTTY-User-Key-File-2\nPrivate-Lines: 9999\n", format!("{body}\n")),
        ("", "ghs_1_eyJ".to_owned()),
        ("", format!("{}.atlasv1.", &body[..14])),
        ("", "xoxb-1-a".to_owned()),
        ("", "パスワード=".to_owned()),
        ("", "key:\n- ".to_owned()),
        ("", "key:\n- a1b2c3d4e5f6g7h8 ".to_owned()),
        ("key: >\n", "a1 ".to_owned()),
        ("", "\"a1\"==key".to_owned()),
        ("\"", "a1==key".to_owned()),
        ("", "<key a".to_owned()),
        ("", "key is a1".to_owned()),
        ("", "%22key%22%3A%22a1".to_owned()),
        ("", "&lt;key&gt;a1".to_owned()),
        ("", "a:b1c2d3@tcp(".to_owned()),
        ("", "jdbc:oracle:a:b/c1d2e3@".to_owned()),
        ("", "getConnection('a','b',".to_owned()),
        ("", "jwt.sign(".to_owned()),
        ("", "${a.key:b1}".to_owned()),
        ("", "a.key='b1'".to_owned()),
        ("", "key='a''b''".to_owned()),
        // Neither.
        ("", body.to_owned()),
        ("", "\"'`[]{}()<>".to_owned()),
        ("", "é".to_owned()),
    ];
    for path in ["a.py", "a.env"] {
        for (start, unit) in &texts {
            let (once, twice) = (cost(path, start, unit, 1 << 14), cost(path, start, unit, 1 << 15));
            assert!(twice <= once * 9 / 4 + 4096, "{path}: {start:?} {unit:?}: {once} bytes, then {twice}");
            assert!(twice <= MOST << 15, "{path}: {start:?} {unit:?}: {} times", twice >> 15);
        }
    }
}

#[test]
fn the_value_of_a_name_of_many_words_is_judged_once() {
    let unit = format!("{} = '{}';", "token_".repeat(13), "a1B2c3D4e5F6g7H8".repeat(16));
    assert!(cost("a.py", "", &unit, 1 << 15) <= 8 << 15);
}

#[test]
fn each_place_is_reported_once_however_many_anchors_it_holds() {
    let token = "ghp_zQWBuTSOoRi4A9spHcVY5ncns".to_owned() + "DkxkJ0mLq17";
    let pypi = "pypi-AgEIcHlwaS5vcmcC".repeat(12);
    let line = format!("token_secret = '{token}' + '{pypi}'\n");
    let report = analyze("a.env", &line.repeat(300));
    assert_eq!(report.findings.len(), 600);
    assert!(report.findings.windows(2).all(|pair| pair[0].end <= pair[1].start));
}

#[test]
fn spans_lie_on_character_boundaries() {
    let parts = "token eyJ -----BEGIN# PRIVATE#KEY----- :// : @ = \" é 𝄞 AccountKey= \n".split(' ');
    let parts: Vec<String> = parts.map(|part| part.replace('#', " ")).collect();
    let mut state = 1u64;
    for _ in 0..2000 {
        let next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            &*parts[(state >> 33) as usize % parts.len()]
        };
        let text: String = std::iter::repeat_with(next).take(40).collect();
        for finding in analyze("a.env", &text).findings {
            assert!(text.get(finding.start as usize..finding.end as usize).is_some(), "{text}");
        }
    }
}
