//! Pages on models: whole, true to the database, and in two languages.

use std::collections::BTreeSet;

use olist::page::Lang;

use super::support::Place;

/// The page on seller churn, in both languages.
pub fn pages(place: &Place) -> [String; 2] {
    ["en", "pt-BR"].map(|lang| {
        let file = format!("{lang}.html");
        place.olist(&["report", "seller_churn", "--out", &file, "--lang", lang]).code(0).prints("");
        plain(&place.read(&file))
    })
}

/// With the signs that Jinja writes as entities, and need not.
fn plain(html: &str) -> String {
    html.replace("&#x2f;", "/").replace("&#x27;", "'")
}

fn execute(place: &Place, sql: &str) {
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute_batch(sql).unwrap();
    conn.close().unwrap();
}

/// What is wrong with a page's tags, ids, and what it asks for from elsewhere.
fn flaws(html: &str) -> Vec<String> {
    const VOID: [&str; 4] = ["!doctype", "meta", "br", "hr"];
    let mut flaws = Vec::new();
    let (mut open, mut ids) = (Vec::new(), BTreeSet::new());
    for part in html.split('<').skip(1) {
        if part.starts_with("!--") {
            continue;
        }
        let Some((tag, text)) = part.split_once('>') else {
            flaws.push(format!("a tag does not end: {part}"));
            continue;
        };
        if text.contains('>') {
            flaws.push(format!("a bare `>`: {text}"));
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                flaws.push(format!("`</{name}>` closes nothing"));
            }
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        if let Some(id) = tag.split(" id=\"").nth(1).and_then(|rest| rest.split('"').next())
            && !ids.insert(id)
        {
            flaws.push(format!("two things have the id `{id}`"));
        }
        for asked in ["src=", "href=", "@import", "<script", "javascript:", "onload="] {
            if tag.contains(asked) {
                flaws.push(format!("it asks for something: <{tag}>"));
            }
        }
    }
    flaws.extend(open.iter().map(|name| format!("`<{name}>` stays open")));
    let own = html.replace("http://www.w3.org/2000/svg", "");
    for asked in ["http:", "https:", "<script", "url(h", "url(\"", "@import"] {
        if own.contains(asked) {
            flaws.push(format!("it has `{asked}`"));
        }
    }
    for (at, _) in html.match_indices("url(#") {
        let id = html[at + 5..].split(')').next().unwrap_or_default();
        if !ids.contains(id) {
            flaws.push(format!("there is no `{id}`"));
        }
    }
    flaws
}

#[test]
fn a_page_needs_nothing_else_and_has_the_numbers_of_the_database() {
    let place = Place::with_sample();
    let [english, portuguese] = pages(&place);
    for page in [&english, &portuguese] {
        assert_eq!(flaws(page), Vec::<String>::new());
        assert!(page.len() < 2_000_000, "{}", page.len());
        assert!(page.matches("<svg").count() >= 6);
        assert_eq!(page.matches("role=\"img\" aria-labelledby").count(), page.matches("<svg").count());
    }
    assert!(english.contains("Synthetic data: the marketplace is invented."));
    assert!(portuguese.contains("Dados sintéticos: o marketplace é inventado."));

    // Means and intervals, months, and the head of the list, as the tables have them.
    let own = "from registry.metrics inner join registry.models using (model, version, candidate)
        where metrics.metric = 'roc_auc' and slice is null and snapshots > 0";
    let mut numbers = place.query(&format!("select printf('%.3f', avg(value)) {own}"));
    numbers.extend(place.query(&format!("select printf('%.3f (%.3f – %.3f)', value, low, high) {own}")));
    numbers.extend(place.query("select printf('%.3f', difference) from registry.rules"));
    numbers.extend(place.query("select printf('%.3f', max(psi)) from registry.drift where input <> 'score'"));
    numbers.extend(
        place.query("select printf('%.1f%%', 100 * score) from scores.seller_churn where rank <= 20"),
    );
    assert!(numbers.len() >= 26, "{numbers:?}");
    for number in numbers {
        let minus = number.replace('-', "\u{2212}");
        assert!(english.contains(&minus), "{minus}");
        assert!(portuguese.contains(&minus.replace('.', ",")), "{minus}");
    }
    for key in place.query("select seller_id from scores.seller_churn where rank <= 15") {
        assert!(english.contains(&key) && portuguese.contains(&key));
    }
    let digests = "select unnest([definition, data_digest, run_id]) from registry.models";
    for fingerprint in place.query(digests) {
        assert!(english.contains(&fingerprint), "{fingerprint}");
    }
    for (page, date) in [(&english, "2018-06-01"), (&portuguese, "01/06/2018")] {
        assert!(page.contains(&format!("<dd>{date}</dd>")));
    }
    // The same database, the same page.
    assert_eq!(pages(&place), [english, portuguese]);
}

#[test]
fn curves_are_those_of_the_metrics() {
    let place = Place::with_sample();
    let folds = "with own as (
            select c.*, m.candidate = c.candidate as is_model from registry.curves as c
            inner join registry.models as m using (model, version)
        ),
        folds as (
            select candidate, snapshot, sum(rows) as rows, sum(positives) / sum(rows) as base_rate,
                sum(positives) filter (where part <= 10) / sum(rows) filter (where part <= 10) as top,
                sum(rows * mean_score) / sum(rows) as mean_score
            from own group by all
        ),
        metrics as (
            pivot (from registry.metrics where slice is null) on metric in ('top_decile_lift', 'base_rate', 'mean_score')
            using max(value) group by candidate, snapshot, rows
        )
        select count(*), bool_and(abs(f.rows - m.rows) < 1e-6 and abs(f.base_rate - m.base_rate) < 1e-9
            and abs(f.top / f.base_rate - m.top_decile_lift) < 1e-9 and abs(f.mean_score - m.mean_score) < 1e-9)
        from folds as f inner join metrics as m using (candidate, snapshot)";
    let folds = place.cell(folds);
    assert!(folds.ends_with(",true") && !folds.starts_with("0,"), "{folds}");
    let difference = "with means as (
            select candidate, avg(value) as value from registry.metrics
            where metric = 'roc_auc' and slice is null and snapshots > 0 group by candidate
        )
        select abs(r.difference - (one.value - other.value)) < 1e-9 and low < difference and difference < high
        from registry.rules as r, registry.models as m
        inner join means as one on one.candidate = m.candidate
        inner join means as other on other.candidate = r.rule";
    assert_eq!(place.cell(difference), "true");
    let dependence = "select bool_and(mean_score between 0 and 1) and count(distinct input) = 6
            and count(*) = count(distinct (input, value)) from registry.dependence";
    assert_eq!(place.cell(dependence), "true");
}

#[test]
fn what_is_said_of_the_rule_follows_the_interval() {
    let place = Place::with_sample();
    for (low, high, told, gesagt) in [
        (0.01, 0.03, "beyond doubt", "a mais"),
        (-0.01, 0.03, "The rule may be as good", "A regra pode ser tão boa"),
        (-0.03, -0.01, "is better, beyond doubt: by \u{2212}", "a favor dela"),
    ] {
        execute(
            &place,
            &format!(
                "update registry.rules set low = {low}, high = {high}, difference = {}",
                f64::midpoint(low, high)
            ),
        );
        let [english, portuguese] = pages(&place);
        assert!(english.contains(told), "{told}");
        assert!(portuguese.contains(gesagt), "{gesagt}");
    }
    // Of a version from before, it is said what is not known.
    execute(
        &place,
        "delete from registry.rules; delete from registry.curves; delete from registry.dependence",
    );
    let [english, portuguese] = pages(&place);
    assert!(
        english.contains("trained by an earlier olist") && english.contains("was not kept by this training")
    );
    assert!(portuguese.contains("treinada por um olist anterior"));
    assert_eq!(flaws(&english), Vec::<String>::new());
}

#[test]
fn only_settled_lists_are_called_realised() {
    let place = Place::with_sample();
    execute(&place, "delete from registry.outcomes");
    assert!(pages(&place)[0].contains("nothing is said of how it did in use"));
    let outcome = |date: &str, value: f64, is_back_cast: bool| {
        format!(
            "insert into registry.outcomes by name select 'seller_churn' as model, date '{date}' as reference_date,
                 1 as model_version, timestamp '2018-06-01' as scored_at, date '2018-07-16' as settled_on, 100 as rows,
                 'roc_auc' as metric, {value} as value, {value} - 0.05 as low, {value} + 0.05 as high,
                 'rule_of_thumb' as rule, 0.7531 as rule_value, {is_back_cast} as is_back_cast;"
        )
    };
    execute(&place, &outcome("2018-03-01", 0.9871, true));
    let [page, _] = pages(&place);
    assert!(page.contains("nothing is said of how it did in use") && page.contains("back-cast"));
    assert!(!page.contains("realised</text>"), "a back-cast is drawn");
    execute(&place, &outcome("2018-05-01", 0.8132, false));
    let [page, portuguese] = pages(&place);
    assert!(
        page.contains("The list of 2018-05-01")
            && page.contains("came to 0.813 (95% interval: 0.763 to 0.863)")
    );
    assert!(portuguese.contains("A lista de 01/05/2018") && portuguese.contains("chegou a 0,813"));
    assert!(page.contains("realised</text>"));
}

#[test]
fn texts_of_the_database_are_texts_of_the_page() {
    let place = Place::with_sample();
    execute(
        &place,
        "comment on table scores.seller_churn is 'One row per seller. <script>alert(1)</script> & more';
         update scores.seller_churn set reasons = [{'input': '<b>', 'value': 12.345, 'contribution': -0.5},
             {'input': 'recency_days', 'value': null, 'contribution': 0.25}];",
    );
    let [english, portuguese] = pages(&place);
    for page in [&english, &portuguese] {
        assert_eq!(flaws(page), Vec::<String>::new());
        assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("<code>&lt;b&gt;</code>"));
    }
    assert!(english.contains("aria-label=\"lowers the score\"") && english.contains(" = 12.35"));
    assert!(portuguese.contains("aria-label=\"aumenta a pontuação\"") && portuguese.contains(" = 12,35"));
}

#[test]
fn pages_are_written_where_they_are_asked_for_and_over_nothing_else() {
    let place = Place::with_sample();
    place
        .olist(&["report", "--out", "all.html"])
        .code(2)
        .says(&["names one file, and the report is of 1 model"]);
    place
        .olist(&["report", "--out", "pages/"])
        .code(0)
        .says(&["seller_churn: version 1 as `pages/seller_churn.html`"]);
    place.olist(&["report", "--out", "pages"]).code(0);
    place.olist(&["report", "seller_churn", "--out", "pages"]).code(0).says(&["`pages/seller_churn.html`"]);
    place
        .olist(&["report", "seller_chum", "--out", "x.html"])
        .code(1)
        .says(&["did you mean `seller_churn`?"]);
    place.olist(&["report", "seller_churn", "--out", "no/x.html"]).code(2).says(&["there is no folder `no`"]);
    place.write("notes.html", "<p>mine</p>");
    place.olist(&["report", "seller_churn", "--out", "notes.html"]).code(2).says(&["no page of olist"]);
    assert_eq!(place.read("notes.html"), "<p>mine</p>");
    place.olist(&["report", "seller_churn", "--out", "olist.duckdb"]).code(2).says(&["no page of olist"]);
    let first = place.read("pages/seller_churn.html");
    place.olist(&["report", "--out", "pages", "--lang", "pt-br"]).code(0);
    assert_ne!(place.read("pages/seller_churn.html"), first);
    let left: Vec<_> = std::fs::read_dir(place.path("pages")).unwrap().collect();
    assert_eq!(left.len(), 1);
    place.olist(&["run", "--date", "2018-06-01", "--publish", "copy.duckdb"]).code(0);
    let copy = ["--database", "copy.duckdb", "report", "seller_churn", "--out", "x.html"];
    place.olist(&copy).code(2).says(&["is a published copy"]);
}

#[test]
fn a_model_that_groups_has_a_page() {
    let place = Place::with_sample();
    execute(
        &place,
        "insert into registry.models by name select 'groups' as model, 1 as version, 'two' as candidate,
             'k_means' as algorithm, '{\"name\": \"two\", \"parts\": [{\"algorithm\": \"k_means\", \"clusters\": 2}]}' as settings,
             ['a'] as inputs, date '2018-06-01' as as_of, date '2018-06-01' as trained_through, 10 as trained_rows,
             'silhouette' as metric, 'd' as definition, '{}' as definition_parts, now()::timestamp as trained_at;
         insert into registry.champions by name select 'groups' as model, 1 as version, now()::timestamp as since,
             date '2018-06-01' as trained_through, 'first' as reason;
         insert into registry.segments by name select 'groups' as model, 1 as version, 1 as segment, 'big' as segment_name;
         create table scores.groups as
             select d::date as reference_date, 's' || i as seller_id, 1 + (i + m) % 2 as segment,
                 ['big', 'small'][1 + (i + m) % 2] as segment_name, 0.5 as distance, 1 as model_version
             from range(10) as r (i), (values (date '2018-05-01', 0), (date '2018-06-01', 1)) as v (d, m)
             where i + m < 10;
         create table scores.groups_profile as
             select reference_date, segment, segment_name, count(*) as size, count(*) / 10 as share,
                 1234.5 as revenue_brl, 'high a' as sets_apart, 0.25 as outcome_share, date '2018-04-01' as outcome_from,
                 1 as model_version
             from scores.groups group by all;
         insert into pipeline.partitions by name
             select 'scores.groups' as table_name, date '2018-06-01' as reference_date;",
    );
    place.olist(&["report", "groups", "--out", "g.html", "--lang", "pt-BR"]).code(0);
    let page = plain(&place.read("g.html"));
    assert_eq!(flaws(&page), Vec::<String>::new());
    for part in [
        "R$\u{a0}1.234",
        "25,0% (01/04/2018)",
        "Movimentos de 01/05/2018 a 01/06/2018",
        "não estão mais",
        "<svg",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // By hand: who was big is small now, who was small is big, and one of these has gone.
    let moves = page.split("Movimentos de").nth(1).unwrap().split("</table>").next().unwrap();
    let rows: Vec<String> = moves
        .split("<tr>")
        .skip(1)
        .map(|row| {
            let cells = row.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
            cells.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("|")
        })
        .collect();
    assert_eq!(rows, ["de ↓ para →|big|small|não estão mais", "big|–|5|–", "small|4|–|1"]);
}

#[test]
fn money_is_shown_where_the_scores_have_it() {
    let place = Place::with_sample();
    assert!(pages(&place)[0].contains("R$"));
    // As scores of an earlier olist are.
    execute(&place, "alter table scores.seller_churn drop column stake_brl");
    assert!(!pages(&place)[0].contains("R$"));
    execute(
        &place,
        "alter table scores.seller_churn add column stake_brl double;
         update scores.seller_churn set stake_brl = case when rank % 7 = 0 then null else 100.0 * rank end;
         insert into registry.outcomes by name
             select 'seller_churn' as model, date '2018-07-01' as reference_date, 1 as model_version,
                 timestamp '2018-06-01' as scored_at, metric, value, rule_value, false as is_back_cast
             from (values ('stake_true_brl', 81234.4, null), ('stake_true_top_decile_brl', 23456.7, 12345.6))
                 as t (metric, value, rule_value);",
    );
    let [english, portuguese] = pages(&place);
    let sums = "select unnest([printf('%.0f', sum(stake_brl)), printf('%.0f', sum(score * stake_brl)),
            printf('%.0f', sum(score * stake_brl) filter (where decile = 1)), '81234', '23457', '12346'])
        from scores.seller_churn";
    for sum in place.query(sums) {
        let sum = sum.parse().unwrap();
        assert!(english.contains(&Lang::English.brl(sum, 0)), "{sum}");
        assert!(portuguese.contains(&Lang::Portuguese.brl(sum, 0)), "{sum}");
    }
    assert_eq!(flaws(&english), Vec::<String>::new());
    assert!(english.contains("id=\"money-title\""));
}
