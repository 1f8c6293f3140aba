//! Orders of making.

use olist::graph::{Needs, downstream, in_order, upstream};

fn needs(pairs: &[(&str, &[&str])]) -> Needs {
    pairs.iter().map(|(name, below)| ((*name).into(), below.iter().map(|b| (*b).into()).collect())).collect()
}

#[test]
fn what_is_needed_comes_first() {
    let graph = needs(&[("a", &["c", "b"]), ("b", &["c"]), ("c", &[])]);
    assert_eq!(in_order(&graph).unwrap(), ["c", "b", "a"]);
    assert_eq!(upstream("b", &graph), ["b".to_owned(), "c".to_owned()].into());
    assert_eq!(downstream("c", &graph).len(), 3);
}

#[test]
fn a_circle_is_named() {
    let graph = needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]);
    assert_eq!(in_order(&graph).unwrap_err(), ["b", "c", "b"]);
}
