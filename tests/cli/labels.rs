//! Labels are 0, 1 or NULL, of both classes, and no input is made of them.

use super::train::with_candidates;

const LOGISTIC: &str = "'logistic': {'algorithm': 'logistic_regression'},";
const ABT: &str = "abt/seller_churn.sql";
const MODEL: &str = "models/seller_churn.sql";
const TRAIN: [&str; 4] = ["train", "seller_churn", "--as-of", "2018-06-01"];

#[test]
fn what_is_neither_0_nor_1_is_no_label() {
    let place = with_candidates(LOGISTIC);
    place.edit(MODEL, "seller_id, is_churned,", "seller_id, is_churned + 1 as is_churned,");
    place.olist(&TRAIN).code(1).says(&[
        "the label `is_churned` is ",
        "neither 0 nor 1",
        "models/seller_churn.sql:14",
    ]);
}

#[test]
fn an_abt_with_another_label_is_not_written() {
    let place = with_candidates(LOGISTIC);
    let abt = place.read(ABT);
    for label in ["then 1 else 2 end", "then 0 else 2 end"] {
        place.write(ABT, abt.replace("then 0 else 1 end", label));
        place.olist(&["run", "--date", "2018-06-01"]).code(1).says(&[
            "the label `is_churned` is neither 0 nor 1 in ",
            "for example 2",
            "abt/seller_churn.sql:4",
        ]);
    }
}

#[test]
fn a_label_of_one_class_is_none() {
    let place = with_candidates(LOGISTIC);
    place.edit(ABT, "then 0 else 1 end", "then 0 else 0 end");
    let one = "the label `is_churned` is 0 in all";
    place.olist(&["run", "--date", "2018-06-01"]).code(1).says(&[one, "abt/seller_churn.sql:4"]);
    let place = with_candidates(LOGISTIC);
    place.edit(MODEL, "seller_id, is_churned,", "seller_id, 0 * is_churned as is_churned,");
    place.olist(&TRAIN).code(1).says(&["the label `is_churned` is 0 in all", "nothing to tell apart"]);
}

#[test]
fn what_is_made_of_the_label_is_no_input() {
    let made = [
        "coalesce(is_churned, 0) as was_churned",
        "is_churned as was_churned",
        "case when is_churned = 1 then recency_days else 3 end as was_churned",
        "avg(coalesce(is_churned, 0)) over (partition by order_count) as was_churned",
    ];
    let place = with_candidates(LOGISTIC);
    let file = place.read(MODEL);
    for column in made {
        place.write(MODEL, file.replace("recency_days, orders_90d", &format!("{column}, orders_90d")));
        place
            .olist(&TRAIN)
            .code(2)
            .says(&["input `was_churned` is made of the label `is_churned`", "models/seller_churn.sql:14"]);
    }
    place.write(MODEL, file.replace("recency_days,", "recency_days as was_churned,"));
    place.olist(&TRAIN).code(0);
}

#[test]
fn what_an_abt_makes_of_the_outcome_is_no_input() {
    let place = with_candidates(LOGISTIC);
    place.edit(MODEL, "recency_days, orders_90d", "recency_days, was_churned, orders_90d");
    let abt = place.read(ABT);
    for column in ["is_churned", "case when is_churned = 1 then recency_days else 3 end"] {
        let column = format!("        {column} as was_churned,\n    from population\n{{% for");
        place.write(ABT, abt.replace("    from population\n{% for", &column));
        place.olist(&TRAIN).code(2).says(&[
            "input `was_churned` is made of what came after the reference date",
            "abt/seller_churn.sql:4",
        ]);
    }
}

#[test]
fn a_fold_with_too_few_rows_is_none() {
    let place = with_candidates(LOGISTIC);
    place.edit(MODEL, "validate = 3", "validate = {'last': 3, 'min_rows': 100000}");
    place
        .olist(&TRAIN)
        .code(1)
        .says(&["2018-04-01 is no fold:", "rows to train on, fewer than min_rows = 100000"]);
}
