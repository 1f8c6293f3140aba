//! A newcomer's first command, over the whole synthetic marketplace.

use crate::support::Place;

#[test]
#[ignore = "all models over 100,000 orders"]
fn a_newcomers_first_command_ends_in_scores() {
    let place = Place::new();
    let ran = place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&[
        "there is no database yet: loading the synthetic marketplace (100,000 orders)",
        "seller_activation: trained as of 2018-06-01",
        "seller_churn: trained as of 2018-06-01",
        "order_delay: trained as of 2018-06-01",
        "seller_segments: trained as of 2018-06-01",
        "rule_of_thumb",
        "    at most a week old",
        "seller_churn_to_call: The hundred sellers to call first",
        "\n  olist query orders_to_rescue (or deals_to_help, seller_churn_to_call, seller_segments_profile)\n",
    ]);
    // Five rows and a header of each model's report, and the profile of the segments.
    let heads: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("  model_version") || line.starts_with("segment "))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(heads, ["order_id", "action", "seller_id", "segment"], "{}", ran.stdout);
    assert!(ran.stdout.lines().count() <= 3 * 6 + 7, "{}", ran.stdout);
    // Scores are there, and a score is a probability.
    for model in ["seller_churn", "seller_activation", "order_delay"] {
        let rows = place.query(&format!(
            "select * from scores.{model} where reference_date = date '2018-06-01' order by rank"
        ));
        assert!(rows.len() > 100, "{} rows of {model}", rows.len());
        let sane = format!(
            "select bool_and(score between 0 and 1) and min(rank) = 1 and min(decile) = 1 and max(decile) = 10
                 and bool_and(trained_through <= date '2018-06-01') from scores.{model}"
        );
        assert_eq!(place.cell(&sane), "true", "{model}");
    }
    // The sample's own promise: the learned models find something, and none finds everything.
    sample_is_neither_hopeless_nor_perfect(&place, "seller_churn", 0.75..0.92);
    sample_is_neither_hopeless_nor_perfect(&place, "seller_activation", 0.56..0.80);
    sample_is_neither_hopeless_nor_perfect(&place, "order_delay", 0.70..0.90);
    several_models_in_one_answer_for_programs(&place);
    reports_answer(&place);
}

fn sample_is_neither_hopeless_nor_perfect(place: &Place, model: &str, sane: std::ops::Range<f64>) {
    let mean = |which: &str| -> f64 {
        let sql = format!(
            "select avg(value) from registry.metrics
             where model = '{model}' and metric = 'roc_auc' and slice is null and candidate {which}"
        );
        place.cell(&sql).parse().unwrap()
    };
    let rule = mean("= 'rule_of_thumb'");
    let champion = mean(&format!("= (select candidate from registry.models where model = '{model}')"));
    assert!(sane.contains(&champion), "out-of-time AUC of the champion of {model} on the sample: {champion}");
    assert!(champion > rule + 0.005, "{model}: rule {rule}, champion {champion}");
}

/// Several tables on one stdout could not be read by a program: it gets one, of the partitions.
fn several_models_in_one_answer_for_programs(place: &Place) {
    let ran = place.olist(&["run", "--date", "2018-06-01", "--format", "json"]).code(0);
    let lines: Vec<serde_json::Value> = serde_json::from_str(&ran.stdout).unwrap();
    let tables: Vec<&str> = lines.iter().map(|line| line["table_name"].as_str().unwrap()).collect();
    assert_eq!(
        tables,
        ["scores.order_delay", "scores.seller_activation", "scores.seller_churn", "scores.seller_segments"]
    );
    let rows = place.cell("select count(*) from scores.order_delay");
    assert_eq!(lines[0]["rows"].to_string().trim_matches('"'), rows);
    // One model alone gives its rows, as the table does.
    let one = place.olist(&["run", "--date", "2018-06-01", "--select", "seller_segments", "--format", "csv"]);
    assert!(one.code(0).stdout.starts_with("segment,segment_name,"));
}

/// The reports over the scores: who, why, and that they agree with the tables they are made of.
fn reports_answer(place: &Place) {
    let report = |name: &str| {
        let ran = place.olist(&["query", name, "--format", "csv"]).code(0);
        let (head, rows) = ran.stdout.split_once('\n').unwrap();
        (head.to_owned(), rows.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let (head, rows) = report("orders_to_rescue");
    assert!(
        head.starts_with(
            "order_id,late_probability,order_value_brl,expected_loss_brl,worth_brl,days_to_promise,whose_turn"
        ),
        "{head}"
    );
    assert_eq!(rows.len(), 100);
    // The first is the largest product of the score and what the customer pays, over all orders under way.
    let first = place.cell(
        "select s.order_id from scores.order_delay as s
         inner join abt.order_delay as a using (reference_date, order_id)
         where s.reference_date = date '2018-06-01' and a.seller_id is not null
         order by round(s.score * (a.price_brl + a.freight_brl), 2) desc, s.order_id limit 1",
    );
    assert!(rows[0].starts_with(&first), "{first}: {}", rows[0]);
    let turns = ["seller", "carrier", "payment"];
    assert!(rows.iter().all(|row| turns.contains(&row.split(',').nth(6).unwrap())), "{rows:?}");

    let (head, rows) = report("deals_to_help");
    assert!(head.starts_with("action,seller_id,start_probability,first_month_brl,worth_brl"), "{head}");
    for action in ["unblock", "set up", "win back"] {
        let mine = rows.iter().filter(|row| row.starts_with(action)).count();
        assert!((1..=20).contains(&mine), "{mine} rows to {action}: {rows:?}");
    }
    // `why` names two reasons, each with how many times as often its peers start.
    assert!(rows.iter().all(|row| row.contains(" x")), "{rows:?}");
}
