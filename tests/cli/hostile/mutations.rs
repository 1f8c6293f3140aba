//! Files of the project with bytes taken out, put in, doubled or swapped.

use super::bounded;
use crate::support::{Place, times};

/// What is put in.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "{{", "}}", "{%", "%}", "{#", "'", "\"", "(", ")", "[", "]", ",", "\u{0}", "é", "\r\n", "--", "/*",
    "$$", "{% for x in [1] %}", "{% endfor %}", "{{ x }}", "config(", "1e999", "-1", "none", "true", "{}",
    "select", "from", "=", ":", "99999999999999999999", "''''",
];

/// Files of the project with bytes taken out, put in, doubled or swapped: never a panic, and an error has a place.
#[test]
#[ignore = "a minute of mutations"]
fn mutated_files_are_told_of_with_their_place() {
    let place = Place::with_sample();
    let files = [
        "features/seller_sales.sql",
        "abt/seller_churn.sql",
        "models/seller_churn.sql",
        "queries/sources/orders.sql",
    ];
    let texts = files.map(|file| place.read(file));
    let mut random = fastrand::Rng::with_seed(1);
    let cases = times(2_000);
    let mut failing = 0;
    for _ in 0..cases {
        let file = random.usize(..files.len());
        let mut text = texts[file].clone();
        for _ in 0..random.usize(1..4) {
            let floor = |at: usize| (0..=at).rfind(|at| text.is_char_boundary(*at)).unwrap();
            let start = floor(random.usize(..text.len()));
            let end = floor((start + random.usize(..40)).min(text.len())).max(start);
            text.replace_range(start..end, random.choice(PIECES).unwrap());
        }
        place.write(files[file], &text);
        let told = [
            &["render", "features/seller_sales.sql", "--date", "2018-06-01"][..],
            &["check", "--date", "2018-06-01", "--select", "abt.seller_churn"],
        ]
        .map(|arguments| bounded(&place, arguments));
        place.write(files[file], &texts[file]);
        for (_, told) in told.into_iter().filter(|(code, _)| *code > 0) {
            failing += 1;
            assert!(told.contains(".sql"), "no place in: {told}\nfor {}:\n{text}", files[file]);
        }
    }
    assert!(failing > cases / 3, "{failing} failed: what is mutated is not read");
}
