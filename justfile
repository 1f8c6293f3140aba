# The commands below, listed
default:
    @just --list --unsorted

# The program
build:
    cargo build --release

# What has to hold, in minutes; `just test mistakes` only what has this in its name
test *filter:
    cargo test --release -- {{ filter }}

# The tests on a Spark server, which they start; needs protoc, Java 17 and Python
spark *filter:
    cargo test --release --features spark -- spark {{ filter }}

# All of it, before a release: months of runs, every mistake, kills, hostile servers and mutations in full
slow *filter:
    SLOW=full cargo test --release -- --include-ignored {{ filter }}

# Format, clippy (pedantic) without a warning
lint:
    cargo fmt --check
    cargo clippy --release --all-targets -- -D warnings

# What `olist run` costs beside DuckDB itself, over the raw files of a folder
bench *dir:
    cargo bench --bench overhead -- {{ dir }}

# Writes what is said now into tests/mistakes and tests/portable; read the difference before you keep it
bless:
    BLESS=1 cargo test --release -- mistakes portable

# A wheel for those without a compiler, into target/wheels
wheel:
    python3 -m pip wheel . --no-deps --wheel-dir target/wheels
