//! Words of the command line in any order.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::bounded;
use crate::support::{Place, cases};

/// Commands, options and values, good and bad.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "run", "ingest", "check", "train", "score", "models", "promote", "rollback", "render", "query",
    "mlflow", "sync", "export", "--date", "--every", "--select", "--sample", "--orders", "100", "--force",
    "--future", "--var", "--threads", "--memory-limit", "--wait", "--project", "--format", "--quiet",
    "--as-of", "--until", "2018-06-01", "2018-06-01..2018-06-03", "2018-06-03..2018-06-01", "9999-12-31",
    "0000-00-00", "-1", "0", "99999999999999999999", "", "a=b", "=", "..", "/", "é", "json", "csv",
    "seller_churn", "no_model", "features.seller_sales", "1", "select 1", "select", ";", "'", "1KB", "day",
];

/// Words of the command line in any order.
#[test]
fn any_command_line_ends() {
    let place = Place::with_sample();
    let words = select(WORDS);
    let lines = proptest::collection::vec(words, 1..7);
    let mut runner = TestRunner::new_with_rng(
        Config { cases: cases(2_000), failure_persistence: None, ..Config::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::XorShift),
    );
    runner
        .run(&lines, |words| {
            let (code, told) = bounded(&place, &words);
            prop_assert!(code == 0 || !told.trim().is_empty(), "{words:?} ends with {code} and says nothing");
            Ok(())
        })
        .unwrap();
}
