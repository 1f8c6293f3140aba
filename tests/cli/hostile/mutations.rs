//! Files of the project with bytes taken out, put in, doubled or swapped.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::bounded;
use crate::support::{Place, cases};

/// What is put in.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "{{", "}}", "{%", "%}", "{#", "'", "\"", "(", ")", "[", "]", ",", "\u{0}", "é", "\r\n", "--", "/*",
    "$$", "{% for x in [1] %}", "{% endfor %}", "{{ x }}", "config(", "1e999", "-1", "none", "true", "{}",
    "select", "from", "=", ":", "99999999999999999999", "''''",
];

/// Files of the project with bytes taken out, put in, doubled or swapped: never a panic, and an error has a place.
#[test]
fn mutated_files_are_told_of_with_their_place() {
    let place = Place::with_sample();
    let files = [
        "features/seller_sales.sql",
        "abt/seller_churn.sql",
        "models/seller_churn.sql",
        "queries/sources/orders.sql",
    ];
    let texts = files.map(|file| place.read(file));
    let pieces = select(PIECES);
    let change = (any::<Index>(), 0..40_usize, pieces);
    let changes = (0..files.len(), proptest::collection::vec(change, 1..4));
    let mut runner = TestRunner::new_with_rng(
        Config { cases: cases(2_000), failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::XorShift),
    );
    let failing = std::cell::Cell::new(0);
    let outcome = runner.run(&changes, |(file, changes)| {
        let mut text = texts[file].clone();
        for (at, cut, put) in changes {
            let floor = |mut at: usize| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = floor(at.index(text.len()));
            let end = floor((start + cut).min(text.len())).max(start);
            text.replace_range(start..end, put);
        }
        place.write(files[file], &text);
        let told = [
            &["render", "features/seller_sales.sql", "--date", "2018-06-01"][..],
            &["check", "--date", "2018-06-01", "--select", "abt.seller_churn"],
        ]
        .map(|arguments| bounded(&place, arguments));
        place.write(files[file], &texts[file]);
        for (_, told) in told.into_iter().filter(|(code, _)| *code > 0) {
            failing.set(failing.get() + 1);
            prop_assert!(told.contains(".sql"), "no place in: {}\nfor {}:\n{}", told, files[file], text);
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(failing.get() > cases(2_000) / 3, "{} failed: what is mutated is not read", failing.get());
}
