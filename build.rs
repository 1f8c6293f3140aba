//! The SQL folders and their cases are built into the binary: an edit of one of them has to build it again.

fn main() {
    for folder in ["queries", "features", "abt", "models", "tests/sql"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
