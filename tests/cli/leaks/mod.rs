//! Planted leaks, each beside look-alikes that see nothing of the future. `<<` marks the line that has to be named.

mod abts;
mod features;
mod models;
mod sources;

use super::support::Place;

const DATE: &str = "2018-03-01";

const MACROS: &str = "{% macro planted_table() -%}
sources.order_items
{%- endmacro %}
{% macro planted_clock() -%}
current_date
{%- endmacro %}
{% macro planted_source() -%}
{{ source('order_items') }}
{%- endmacro %}
{% macro planted_outcome() -%}
(select seller_id, count(*) as later from {{ outcome('order_items') }} group by seller_id)
{%- endmacro %}
";

fn feature(body: &str) -> String {
    format!("{{{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}}}\n{body}\n")
}

/// A project of planted files alone, over a small sample.
fn empty_project() -> Place {
    let place = Place::with_project();
    for folder in ["models", "abt", "features"] {
        std::fs::remove_dir_all(place.path(folder)).unwrap();
    }
    place.write("queries/macros/planted.sql", MACROS);
    place.write("features/clean_sales.sql", feature(features::CLEAN[0].1));
    place.olist(&["ingest", "--sample", "--orders", "6000"]).code(0);
    place
}

/// Number of the line with the mark, in the file as written.
fn marked(text: &str) -> Option<usize> {
    text.lines().position(|line| line.contains("<<")).map(|at| at + 1)
}

/// Files that were not found at their line, and clean ones that were accused.
#[track_caller]
fn all_are_told_apart(place: &Place, folder: &str, leaks: &[(String, String)], clean: &[(String, String)]) {
    for (name, text) in leaks.iter().chain(clean) {
        place.write(&format!("{folder}/{name}.sql"), text);
    }
    let ran = place.olist(&["check", "--future", "--date", DATE]).code(1);
    let mut wrong = Vec::new();
    for (name, text) in leaks {
        let file = format!("{folder}/{name}.sql");
        let place = format!("{file}:{}:", marked(text).unwrap());
        if !ran.stderr.contains(&format!("--> {place}")) {
            wrong.push(format!("not found: {place}"));
        }
    }
    for (name, _) in clean {
        if ran.stderr.contains(&format!("--> {folder}/{name}.sql:")) {
            wrong.push(format!("accused: {folder}/{name}.sql"));
        }
    }
    let errors: Vec<&str> = ran
        .stderr
        .split("error: ")
        .filter(|part| {
            wrong.iter().any(|w| part.contains(w.rsplit(' ').next().unwrap().split(':').next().unwrap()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}\n\n{}", wrong.join("\n"), errors.join("\n"));
}

/// The project as it comes: no leak, at any date; and what `check` tells beside the proof.
#[test]
fn the_project_sees_no_future() {
    let place = Place::with_project();
    place.olist(&["ingest", "--sample", "--orders", "12000"]).code(0);
    let ran = place.olist(&["check", "--format", "csv"]).code(0).says(&["no future was seen"]);
    let rows: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert!(rows.len() == 3 * 27 && rows.iter().all(|row| row.ends_with(",no future")), "{}", ran.stdout);
    // Nothing is written.
    assert_eq!(place.cell("select count(*) from pipeline.partitions"), "0");
    place.olist(&["check", "--date", "2020-01-01"]).code(1).says(&["reference date 2020-01-01 is too late"]);
    // Checks of rows, and descriptions, are looked at too, at the file's line.
    place.edit("features/seller_sales.sql", "checks = [", "checks = [\n        'order_count > 5',");
    let ran = place.olist(&["check", "--date", DATE, "--select", "features.seller_sales"]).code(1);
    ran.says(&["check failed for", "order_count > 5", "--> features/seller_sales.sql:"]);
    place.olist(&["check", "--future", "--date", DATE, "--select", "features.seller_sales"]).code(0);
}

#[test]
fn a_proof_with_nothing_to_hide_says_so() {
    let place = empty_project();
    let last =
        place.cell("select (value::date + 1)::varchar from pipeline.settings where name = 'data_until'");
    place
        .olist(&["check", "--future", "--date", &last])
        .code(0)
        .says(&["a proof at that date proves nothing", "take an earlier --date"]);
}

/// Files that cannot be read are told one and all, and do not keep the others from being proven.
#[test]
fn broken_files_are_told_beside_the_proof() {
    let place = empty_project();
    place.write(
        "features/broken_call.sql",
        feature("select seller_id, {{ now() }} as x from {{ source('sellers') }}"),
    );
    place.write(
        "features/broken_label.sql",
        feature("select seller_id, 1 as x\nfrom {{ outcome('sellers') }}"),
    );
    place.write(
        "features/needs_broken.sql",
        feature("select seller_id, x from {{ ref('features.broken_call') }}"),
    );
    let both = ["--> features/broken_call.sql:2:", "--> features/broken_label.sql:3:"];
    let ran =
        place.olist(&["check", "--future", "--date", DATE]).code(2).says(&both).says(&["2 mistakes found"]);
    assert!(ran.stdout.contains("features.clean_sales"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("needs_broken"), "{}", ran.stderr);
    place.olist(&["run", "--date", DATE]).code(2).says(&both);
    place.olist(&["check", "--date", DATE, "--select", "needs_broken"]).code(2).says(&both);
    place.write(
        "features/broken_call.sql",
        feature("select seller_id,\n    random() as x from {{ source('sellers') }}"),
    );
    place
        .olist(&["check", "--future", "--date", DATE])
        .code(1)
        .says(&["--> features/broken_call.sql:3:", both[1]]);
}

/// What a file reaches is seen before anything is built of it.
#[test]
fn nothing_is_built_from_a_file_that_reads_past_source() {
    let place = empty_project();
    let run = ["run", "--date", DATE];
    for (body, says) in [
        (
            "select seller_id, count(*) as x\nfrom sources.order_items group by seller_id",
            "is read past source() and ref()",
        ),
        ("select seller_id,\n    random() as x from {{ source('sellers') }}", "is random"),
    ] {
        place.write("features/past.sql", feature(body));
        place.olist(&run).code(2).says(&[says, "--> features/past.sql:3:"]);
        assert_eq!(
            place.cell("select count(*) from pipeline.partitions where table_name = 'features.past'"),
            "0"
        );
    }
    let called = "select seller_id, count(*) as x\nfrom {{ planted_table() }} group by seller_id";
    place.write("features/past.sql", feature(called));
    place
        .olist(&run)
        .code(2)
        .says(&["--> features/past.sql:3:", "within queries/macros/planted.sql:2:1: sources.order_items"]);
    place.write("features/past.sql", feature(features::CLEAN[0].1));
    place.olist(&run).code(0);
}
