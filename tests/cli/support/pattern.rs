//! What is said, with places for what differs from run to run: `[..]` stands for any part of a line, a line of `...` for any
//! lines.

/// Whether `text` is as `wanted` says.
pub fn fits(wanted: &str, text: &str) -> bool {
    lines(&wanted.lines().collect::<Vec<_>>(), &text.lines().collect::<Vec<_>>())
}

fn lines(wanted: &[&str], text: &[&str]) -> bool {
    match wanted.split_first() {
        None => text.is_empty(),
        Some((&"...", rest)) => (0..=text.len()).any(|at| lines(rest, &text[at..])),
        Some((first, rest)) => {
            text.split_first().is_some_and(|(line, after)| is_line(first, line) && lines(rest, after))
        }
    }
}

fn is_line(wanted: &str, line: &str) -> bool {
    let mut parts = wanted.trim_end().split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.trim_end().strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// The text as a pattern: durations differ.
pub fn of(text: &str) -> String {
    let mut pattern = String::new();
    for line in text.lines() {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        for at in 1..words.len() {
            let is_number = words[at - 1].trim_start_matches('(').parse::<f64>().is_ok();
            if is_number && matches!(words[at].trim_end_matches([')', ',', ';']), "s" | "ms") {
                let open = if words[at - 1].starts_with('(') { "(" } else { "" };
                words[at - 1] = format!("{open}[..]");
            }
        }
        pattern += words.join(" ").trim_end();
        pattern.push('\n');
    }
    pattern
}

#[test]
fn patterns_fit_what_they_stand_for() {
    assert!(fits("a [..] c\n", "a b c\n"));
    assert!(!fits("a [..] c\n", "a b d\n"));
    assert!(fits("a\n...\nd\n", "a\nb\nc\nd\n"));
    assert!(!fits("a\n", "a\nb\n"));
    assert!(fits("[..]b[..]\n", "abc\n"));
    assert_eq!(of("built 2 partitions (0.5 s)\n"), "built 2 partitions ([..] s)\n");
}
