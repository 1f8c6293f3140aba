//! The SQL folders, their cases and the templates of pages are built into the binary: an edit of one of them has to build it
//! again.

fn main() {
    for folder in ["queries", "features", "abt", "models", "tests/sql", "src/page/templates"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
