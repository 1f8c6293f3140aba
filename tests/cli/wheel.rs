//! Who has no compiler gets a wheel: one command makes it, and pip puts `olist` into a fresh virtual environment.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::python;
use crate::support::{Place, repository};

const MATURIN: &str = "1.16.0";

#[test]
#[ignore = "a wheel, of pip and maturin"]
fn a_wheel_puts_the_program_into_a_fresh_environment() {
    let Some(python) = python::with(&format!("maturin-{MATURIN}"), &[&format!("maturin=={MATURIN}")]) else {
        return;
    };
    let place = Place::new();
    // As `just wheel`, with the maturin that is here; the program of these tests is not compiled again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let tools = python.parent().unwrap();
    let path = [tools.as_os_str(), &std::env::var_os("PATH").unwrap()].join(OsStr::new(":"));
    let mut wheel = Command::new(&python);
    wheel.args(["-m", "pip", "wheel", ".", "--no-deps", "--no-build-isolation", "--wheel-dir"]);
    wheel
        .arg(place.path("wheels"))
        .current_dir(repository())
        .env("CARGO_TARGET_DIR", target)
        .env("PATH", path);
    if cfg!(feature = "spark") && std::env::var_os("MATURIN_PEP517_ARGS").is_none() {
        wheel.env("MATURIN_PEP517_ARGS", "--features spark");
    }
    place.run(&mut wheel).code(0);
    let made: Vec<_> =
        std::fs::read_dir(place.path("wheels")).unwrap().map(|file| file.unwrap().path()).collect();
    let [wheel] = &made[..] else { panic!("one wheel: {made:?}") };

    let fresh = place.path("fresh");
    place.run(Command::new("python3").args(["-m", "venv"]).arg(&fresh)).code(0);
    let mut install = Command::new(fresh.join("bin/pip"));
    install.args(["install", "--quiet", "--no-index", "--disable-pip-version-check"]).arg(wheel);
    place.run(&mut install).code(0);

    // Its program alone, on a path without a toolchain, from an empty folder to a table.
    std::fs::create_dir(place.path("shop")).unwrap();
    let installed = |arguments: &[&str]| {
        let mut olist = Command::new(fresh.join("bin/olist"));
        olist.args(arguments).current_dir(place.path("shop")).env_clear().env("PATH", fresh.join("bin"));
        place.run(&mut olist).code(0)
    };
    installed(&["--version"]).prints(&format!("olist {}\n", env!("CARGO_PKG_VERSION")));
    installed(&["ingest", "--sample", "--orders", "3000"]);
    installed(&["run", "--date", "2018-03-01", "--select", "features.seller_sales"]);
    let rows = installed(&[
        "query",
        "--format",
        "csv",
        "select count(*) > 0 as has_rows from features.seller_sales",
    ]);
    assert_eq!(rows.stdout, "has_rows\ntrue\n");
}
