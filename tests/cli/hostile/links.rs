//! Links and pipes among a project's files.

use super::{bounded, refused};
use crate::support::Place;

#[cfg(unix)]
#[test]
fn links_and_pipes_lead_nowhere() {
    use std::os::unix::fs::symlink;
    let place = Place::with_churn();
    let render = ["render", "features/seller_sales.sql", "--date", "2018-06-01"];
    let check = |parts: &[&str]| {
        refused(&place, &render, parts);
        std::fs::remove_file(place.path("features/odd.sql")).unwrap();
    };
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.sql"), "select 1").unwrap();
    symlink(outside.path().join("secret.sql"), place.path("features/odd.sql")).unwrap();
    check(&["`features/odd.sql` is a link out of the project"]);
    symlink("nothing.sql", place.path("features/odd.sql")).unwrap();
    check(&["`features/odd.sql` is a link that leads nowhere"]);
    symlink("odd.sql", place.path("features/odd.sql")).unwrap();
    check(&["`features/odd.sql` is a link that leads nowhere"]);
    symlink(".", place.path("features/odd.sql")).unwrap();
    check(&["is a link to a folder that it stands in"]);
    let made = std::process::Command::new("mkfifo").arg(place.path("features/odd.sql")).status().unwrap();
    assert!(made.success());
    check(&["`features/odd.sql` is no file"]);
    place.write("features/odd.sql", "x".repeat(5 << 20));
    check(&["`features/odd.sql` is larger than 4 MB"]);
    place.write("features/odd.sql", b"select '\xff'");
    check(&["features/odd.sql"]);
    symlink("seller_sales.sql", place.path("features/odd.sql")).unwrap();
    std::fs::remove_file(place.path("features/odd.sql")).unwrap();
    assert_eq!(bounded(&place, &render).0, 0);
}
