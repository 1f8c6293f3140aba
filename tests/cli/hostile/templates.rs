//! Templates without end or bottom.

use super::refused;
use crate::support::Place;

#[test]
#[ignore = "half a minute of what has no end"]
fn templates_without_end_or_bottom() {
    let place = Place::with_sample();
    let render = ["render", "features/bad.sql", "--date", "2018-06-01"];
    let check = |body: &str, parts: &[&str]| {
        let config = "{{ config(entity = 'order', key = 'order_id', description = 'x') }}\n";
        place.write("features/bad.sql", format!("{config}{body}"));
        refused(&place, &render, parts);
    };
    let lasting = "does not come to an end";
    check(
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        &[lasting, "features/bad.sql:2:"],
    );
    check("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", &["call each other without end", "bad.sql:2:"]);
    check("{{ 'x' * 10000000000 }}", &[lasting, "bad.sql:2:4"]);
    check("{{ range(10000000000) }}", &["too many elements", "bad.sql:2:4"]);
    check("{{ '%1000000000d' | format(1) }}", &["bad.sql:2:"]);
    let doubled = |first: &str, sign: &str| {
        format!(
            "{{% set ns = namespace(x={first}) %}}{{% for i in range(60) %}}{{% set ns.x = ns.x {sign} ns.x %}}{{% endfor %}}"
        )
    };
    check(&doubled("'a' * 1000", "~"), &[lasting, "bad.sql:2:"]);
    check(&doubled("[1]", "+"), &["`features/bad.sql` does not come to an end"]);
    check("{{ 'x' * 1000000 }}".repeat(5).as_str(), &["MB of SQL", "bad.sql:2:"]);
    for (open, close) in [("(", ")"), ("[", "]"), ("-", ""), ("not ", ""), ("{'a':", "}")] {
        check(&format!("{{{{ {}1{} }}}}", open.repeat(100_000), close.repeat(100_000)), &["bad.sql:2:"]);
    }
    for chain in ["+1", ".b", "|abs", "~1", " if 1 else 1"] {
        check(&format!("{{{{ 1{} }}}}", chain.repeat(100_000)), &["bad.sql:2:", "characters of code"]);
        check(&format!("{{{{ 1{} }}}}{{{{ nosuch }}}}", chain.repeat(1_000)), &["bad.sql:2:"]);
    }
    check(&format!("{}{}", "{% if 1 %}".repeat(10_000), "{% endif %}".repeat(10_000)), &["bad.sql:2:"]);
    check("{% include 'features/bad.sql' %}", &["bad.sql"]);
    let config = "{{ config(entity = 'order', key = 'order_id', description = 'x') }}\n";
    let run = ["run", "--date", "2018-06-01", "--select", "features.bad"];
    let deep = format!("select {}1{} as order_id", "(".repeat(100_000), ")".repeat(100_000));
    place.write("features/bad.sql", format!("{config}{deep}"));
    refused(&place, &run, &["nested deeper than 1000 levels", "bad.sql:2:100008"]);
    place.write("features/bad.sql", format!("{config}select '\0' as order_id"));
    refused(&place, &run, &["NUL byte", "bad.sql:2:"]);
}
