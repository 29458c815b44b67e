use super::*;

/// The largest float below and the smallest above, so that a bound is tested at its very edge.
fn edges(min: Bound, max: Bound) -> (Vec<f64>, Vec<f64>) {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    match min {
        Bound::Including(low) => {
            inside.push(low);
            outside.push(low.next_down());
        }
        Bound::Excluding(low) => {
            // Zero has no 64-bit neighbour that 32-bit arithmetic tells from it.
            inside.push(if low == 0.0 { f64::from(f32::from_bits(1)) } else { low.next_up() });
            outside.push(low);
        }
    }
    match max {
        Bound::Including(high) => {
            inside.push(high);
            outside.push(high.next_up());
        }
        Bound::Excluding(high) => {
            inside.push(high.next_down());
            outside.push(high);
        }
    }
    (inside, outside)
}

#[test]
fn every_bound_accepts_just_inside_and_refuses_just_outside() {
    for field in FIELDS {
        match field.kind {
            Kind::Integer { min, max } => {
                assert_eq!(field.check_integer(min), Ok(min), "{}", field.name);
                assert_eq!(field.check_integer(max), Ok(max), "{}", field.name);
                assert_eq!(
                    field.check_integer(min - 1).unwrap_err().constraint,
                    Constraint::TooSmall,
                    "{}",
                    field.name
                );
                if let Some(over) = max.checked_add(1) {
                    assert_eq!(
                        field.check_integer(over).unwrap_err().constraint,
                        Constraint::TooLarge,
                        "{}",
                        field.name
                    );
                }
                assert!(field.check_unsigned(u64::MAX).is_err(), "{}", field.name);
            }
            Kind::Float { min, max } => {
                let (inside, outside) = edges(min, max);
                for value in inside {
                    assert_eq!(field.check_float(value), Ok(value), "{}", field.name);
                }
                for value in outside.into_iter().chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY]) {
                    assert!(field.check_float(value).is_err(), "{} took {value}", field.name);
                }
            }
            Kind::Text { min_chars, max_chars, charset } => {
                // Two bytes a character, where the charset has such: characters are counted, not bytes.
                let letter = if charset == Charset::Name { "a" } else { "é" };
                for (chars, accepted) in
                    [(min_chars, true), (max_chars, true), (min_chars - 1, false), (max_chars + 1, false)]
                {
                    let text = letter.repeat(chars);
                    assert_eq!(field.check_text(&text).is_ok(), accepted, "{} of {chars}", field.name);
                }
            }
        }
    }
}

#[test]
fn names_are_unique_and_defaults_are_inside_their_own_bounds() {
    for (place, field) in FIELDS.iter().enumerate() {
        assert!(FIELDS.iter().skip(place + 1).all(|other| other.name != field.name), "{} twice", field.name);
        match field.default {
            Some(Default::Integer(value)) => assert_eq!(field.check_integer(value), Ok(value)),
            Some(Default::Float(value)) => assert_eq!(field.check_float(value), Ok(value)),
            None => {}
        }
    }
}

#[test]
fn a_dot_in_a_model_and_a_slash_in_a_dataset_are_accepted() {
    assert!(MODEL_TYPE.check_text("Qwen/Qwen2.5-Coder-0.5B").is_ok());
    assert!(DATASET_NAME.check_text("bigcode/the-stack-v2").is_ok());
}

#[test]
fn text_that_would_once_be_trimmed_or_cut_is_refused() {
    for (text, constraint) in [
        ("", Constraint::Empty),
        ("gpt\n", Constraint::ControlCharacter),
        ("gpt\0", Constraint::ControlCharacter),
        ("gpt\u{85}", Constraint::ControlCharacter),
        (" gpt", Constraint::Character),
        ("gpé", Constraint::Character),
        ("../$(x)", Constraint::Character),
    ] {
        assert_eq!(MODEL_TYPE.check_text(text).unwrap_err().constraint, constraint, "{text:?}");
    }
    assert_eq!(MODEL_TYPE.check_text(&"a".repeat(51)).unwrap_err().constraint, Constraint::TooLong);
}

#[test]
fn a_message_names_field_value_rule_and_what_is_expected() {
    let shown = |violation: Violation| violation.to_string();
    assert_eq!(
        shown(BATCH_SIZE.check_integer(0).unwrap_err()),
        "batch_size: 0 is too small: expected an integer from 1 to 1024"
    );
    assert_eq!(
        shown(DATASET_NAME.check_text("a\nb").unwrap_err()),
        "dataset_name: \"a\\nb\" contains a control character: expected text of 1 to 100 characters, \
         letters (a-z, A-Z), digits and _ - / ."
    );
    let long = shown(MODEL_TYPE.check_text(&"x".repeat(5000)).unwrap_err());
    assert!(long.contains("(5000 characters)") && long.len() < 250, "{long}");
    assert_eq!(
        shown(TRAIN_LOSS.check_float(1e10).unwrap_err()),
        "train_loss: 10000000000.0 is too large: expected a number of at least 0 and less than 1e10"
    );
    assert_eq!(
        shown(EPSILON.check_float(1e-300).unwrap_err()),
        "epsilon: 1e-300 is zero in 32-bit arithmetic: expected a number greater than 0 and less than 1"
    );
}

#[test]
fn the_sequence_length_follows_a_model_with_more_positions() {
    assert_eq!(check_max_seq_length(8192, None), Ok(8192));
    assert_eq!(check_max_seq_length(8192, Some(2048)), Ok(8192));
    assert_eq!(check_max_seq_length(8193, None).unwrap_err().constraint, Constraint::TooLarge);
    assert_eq!(check_max_seq_length(32_768, Some(32_768)), Ok(32_768));
    assert!(check_max_seq_length(32_769, Some(32_768)).unwrap_err().whole().contains("32768"));
    assert_eq!(check_max_seq_length(0, Some(32_768)).unwrap_err().constraint, Constraint::TooSmall);
}

#[test]
fn plugin_names_are_a_namespace_and_a_name() {
    for name in ["codetune/metrics", "a/b", "0x/9-9", &format!("{}/b", "a".repeat(64))] {
        assert_eq!(check_plugin_name(name), Ok(name));
    }
    for name in [
        "",
        "metrics",
        "a/b/c",
        "/b",
        "a/",
        "-a/b",
        "a/-b",
        "A/b",
        "a/b\n",
        "a/b\0",
        "a_b/c",
        "é/b",
        &format!("{}/b", "a".repeat(65)),
    ] {
        assert!(check_plugin_name(name).is_err(), "took {name:?}");
    }
}

#[test]
fn the_nearest_name_is_alike_and_the_first_of_equals() {
    let known = ["q_proj", "k_proj", "v_proj", "python", "typescript"];
    for (name, expected) in [
        ("x_proj", Some("q_proj")),
        ("V-Proj", Some("v_proj")),
        ("pyhton", Some("python")),
        ("type", Some("typescript")),
        ("ty", None),
        ("rust", None),
        ("", None),
    ] {
        assert_eq!(nearest(name, known), expected, "{name}");
    }
    assert_eq!(nearest("python", []), None);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let known = ["batch_size", "learning_rate", "epochs"];
    let error = unknown_key("learning-rat", &known);
    assert_eq!(error.nearest.as_deref(), Some("learning_rate"));
    assert!(error.to_string().starts_with("unknown key \"learning-rat\", did you mean \"learning_rate\"?"));
    assert_eq!(unknown_key("batch", &known).nearest.as_deref(), Some("batch_size"));
    assert_eq!(unknown_key("zzz", &known).nearest, None);
    assert_eq!(unknown_key("l", &["r"]).nearest, None, "short names are alike by chance");
}

#[test]
fn a_key_of_another_tool_names_ours_and_one_that_has_no_place_here_says_why() {
    let known = ["seed", "held_out", "max_seq_length", "learning_rate", "epsilon"];
    for (theirs, ours) in [
        ("val_set_size", "held_out"),
        ("sequence_len", "max_seq_length"),
        ("lr", "learning_rate"),
        ("Data-Seed", "seed"),
    ] {
        assert_eq!(unknown_key(theirs, &known).nearest.as_deref(), Some(ours), "{theirs}");
    }
    let told = unknown_key("packing", &known).whole();
    assert!(
        told.starts_with("unknown key \"packing\": datasets are always packed; known keys: seed"),
        "{told}"
    );
    // `optim` is nothing like `epsilon`, and no other key is meant.
    assert!(unknown_key("optimizer", &known).to_string().contains(": AdamW is the only optimizer"));
}

#[test]
fn a_key_that_serde_does_not_know_is_read_from_its_message_with_all_known_ones() {
    use serde::de::Error;
    for known in [&["one"][..], &["one", "two"], &["one", "two", "three"]] {
        for key in ["onne", "a`, expected `b", "two words\n"] {
            let message = toml::de::Error::unknown_field(key, known).message().to_owned();
            assert_eq!(unknown_key_in(&message), Some(unknown_key(key, known)), "{message}");
        }
    }
    for message in [
        "missing field `name`",
        "unknown variant `a`, expected `b`",
        "unknown field `a`, there are no fields",
    ] {
        assert_eq!(unknown_key_in(message), None, "{message}");
    }
}
