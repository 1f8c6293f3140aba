//! Words of the command line in any order.

use super::bounded;
use crate::support::{Place, times};

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
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..times(2_000) {
        let words: Vec<&str> = (0..random.usize(1..7)).map(|_| *random.choice(WORDS).unwrap()).collect();
        let (code, told) = bounded(&place, &words);
        assert!(code == 0 || !told.trim().is_empty(), "{words:?} ends with {code} and says nothing");
    }
}
