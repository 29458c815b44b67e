use codetune_tests::fixture;

use crate::place::Place;
use crate::transcript::replay;

/// Files whose names and findings have wide, combined and invisible characters.
fn place() -> Place {
    let place = Place::new();
    place.write("源代码/主程序.py", "密钥 = 'AKIA4QZRK7WXN2VDTB5M'  # 🔑 配置\n");
    place.write("src/cafe\u{301}.rs", "// 🦀 e\u{301}te\u{301}\nlet key = \"AKIA4QZRK7WXN2VDTB5M\";\n");
    place.write("src/tab\tand\u{202e}override.js", "function f(a) {\n\tif (a) { return 1 }\n}\n");
    place.write("src/latin.py", b"# -*- coding: utf-8 -*-\nx = '\xff\xfe\xfd'\n");
    place.write("src/large.go", format!("package a\n{}", "// a long comment\n".repeat(100)));
    place
}

#[test]
fn analyses_fit_narrow_and_wide_terminals() {
    replay("reports/analyses", &place());
}

#[test]
fn plugins_fit_narrow_and_wide_terminals() {
    replay("reports/plugins", &place());
}

#[test]
fn datasets_fit_narrow_and_wide_terminals() {
    replay("reports/datasets", &place());
}

#[test]
fn runs_fit_narrow_and_wide_terminals() {
    let place = place();
    place.copy(&fixture("peft/qwen2"), "model");
    replay("reports/runs", &place);
}
