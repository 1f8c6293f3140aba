//! The SQL folders are built into the binary: an edit of one of them has to build it again.

fn main() {
    for folder in ["queries", "features", "abt", "models"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
