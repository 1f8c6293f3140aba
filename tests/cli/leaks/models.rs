//! Models, rules, and what else is said over a model's SELECT.

use super::abts::{FROM, abt};
use super::{DATE, all_are_told_apart, empty_project};

fn model(columns: &str, rule: &str, end: &str) -> String {
    format!(
        "{{{{ config(
    task = 'binary', key = 'seller_id', label = 'sells', metric = 'roc_auc', description = 'Planted.',
    snapshots = {{'from': '2017-06-01', 'every': 'month'}}, validate = 2, retrain_days = 28,
    candidates = {{'rule': {{'algorithm': 'sql', 'expression': '{rule}'}}}},
) }}}}
select seller_id, sells, label_known_on, order_count, x,
    {columns}
from {{{{ ref('abt.sells') }}}}
{end}
"
    )
}

#[test]
fn models_and_rules_that_see_the_label_are_found_and_look_alikes_are_not() {
    let place = empty_project();
    place.write("abt/sells.sql", abt("order_count, order_count + 1 as x,", FROM));
    let models = |parts: &[(&str, &str, &str, &str)]| -> Vec<(String, String)> {
        parts
            .iter()
            .map(|(name, columns, rule, end)| ((*name).to_owned(), model(columns, rule, end)))
            .collect()
    };
    let fair = "1 / (1 + order_count)";
    let leaks = models(&[
        ("label_in_a_case", "case when sells = 1 then 1 else 0 end as y, -- <<", fair, ""),
        ("label_filled", "coalesce(sells, 0) as y, -- <<", fair, ""),
        ("known_on", "date_diff('day', {{ reference_date }}, label_known_on) as y, -- <<", fair, ""),
        ("mean_label", "avg(sells) over () as y, -- <<", fair, ""),
        ("only_labelled", "1 as y, -- <<", fair, "where sells is not null"),
        ("clock", "date_diff('day', {{ reference_date }}, current_date) as y, -- <<", fair, ""),
        ("past_ref", "(select count(*) from sources.orders) as y, -- <<", fair, ""),
    ]);
    let clean = models(&[
        ("plain", "ln(1 + order_count) as y,", fair, ""),
        ("window", "order_count / avg(order_count) over () as y,", fair, ""),
        ("where", "1 as y,", fair, "where order_count > 1"),
    ]);
    // The rows of a model that drops unlabelled ones are told where it selects from.
    let leaks: Vec<(String, String)> = leaks
        .into_iter()
        .map(|(name, text)| match name.as_str() {
            "only_labelled" => {
                let text =
                    text.replace(" -- <<\n", "\n").replace("abt.sells') }}\n", "abt.sells') }} -- <<\n");
                (name, text)
            }
            _ => (name, text),
        })
        .collect();
    let known = leaks[0]
        .1
        .replace(" -- <<", "")
        .replace("sells, label_known_on,", "sells,\n    label_known_on - 20 as label_known_on, -- <<\n    ");
    let leaks: Vec<(String, String)> =
        leaks.into_iter().chain([("known_earlier".to_owned(), known)]).collect();
    all_are_told_apart(&place, "models", &leaks, &clean);

    for (rule, what) in [
        ("sells", "`sells` is known only later"),
        ("random()", "is random"),
        ("coalesce(sells, 0.5)", "`sells` is known only later"),
    ] {
        place.write("models/label_in_a_case.sql", model("1 as y,", rule, ""));
        let arguments = ["check", "--future", "--date", DATE, "--select", "scores.label_in_a_case"];
        place.olist(&arguments).code(1).says(&[what, "--> models/label_in_a_case.sql:4:"]);
    }
}

/// What is computed over the SELECT of a model, and is no input of it.
#[test]
fn profiles_names_and_slices_see_no_label_and_no_table() {
    let place = empty_project();
    place.write("abt/sells.sql", abt("order_count as x,", FROM));
    let clusters = |profile: &str, name: &str| {
        format!(
            "{{{{ config(task = 'clusters', key = 'seller_id', label = 'sells', description = 'Planted.',
    snapshots = {{'from': '2017-06-01', 'every': 'month'}}, inputs = ['x'],
    profile = {{
        'seen': \"{profile}\",
    }},
    name = \"{name}\",
    candidates = {{'two': {{'algorithm': 'k_means', 'clusters': 2}}}},
) }}}}
select seller_id, sells, label_known_on, x from {{{{ ref('abt.sells') }}}}
"
        )
    };
    let arguments = ["check", "--future", "--date", DATE, "--select", "scores.groups"];
    place.write("models/groups.sql", clusters("median(x)", "'group ' || segment"));
    place.olist(&arguments).code(0);
    for (profile, name, says, line) in [
        ("avg(sells)", "'group'", "`sells` is known only later", 4),
        ("(select count(*) from sources.orders)", "'group'", "`sources.orders` is read past", 4),
        ("median(x)", "(select max(segment_name) from scores.groups)", "`scores.groups` is read past", 6),
        ("median(x)", "current_date::varchar", "changes from run to run", 6),
    ] {
        place.write("models/groups.sql", clusters(profile, name));
        place.olist(&arguments).code(1).says(&[says, &format!("--> models/groups.sql:{line}:")]);
    }
    let sliced = model("1 as y,", "1 / (1 + order_count)", "");
    for (slice, says) in [
        ("sells = 1", "`sells` is known only later"),
        ("current_date > date '2018-01-01'", "changes from run"),
    ] {
        let text = sliced.replace("key =", &format!("slices = {{'some': \"{slice}\"}}, key ="));
        assert_ne!(text, sliced);
        place.write("models/sliced.sql", text);
        let arguments = ["check", "--future", "--date", DATE, "--select", "scores.sliced"];
        place.olist(&arguments).code(1).says(&[says, "--> models/sliced.sql:"]);
    }
}

/// A rule that knows the answer would win, so it does not compete.
#[test]
fn a_rule_that_reads_the_label_is_not_trained() {
    let place = empty_project();
    place.write("abt/sells.sql", abt("order_count, order_count + 1 as x,", FROM));
    place.write("models/oracle.sql", model("1 as y,", "sells::double", ""));
    place
        .olist(&["run", "--date", "2018-05-01"])
        .code(2)
        .says(&["`sells` is known only later", "--> models/oracle.sql:4:"]);
}
