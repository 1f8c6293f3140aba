//! Which item of a SELECT gives a column.

use super::scan;

/// The items of a SELECT that give, or may give, one column.
#[derive(Debug, Default)]
pub struct Given {
    /// Those that name it, at the byte of the name.
    pub named: Vec<usize>,
    /// Items that end in `*`, which give columns without their names.
    pub stars: Vec<usize>,
}

/// Where the columns `name` of `sql` come from. `select * from final` is looked for in the CTE `final`.
pub fn given(sql: &str, name: &str) -> Given {
    let (ctes, last) = scan::ctes(sql);
    let select = &sql[last..];
    let first = scan::branches(select).into_iter().next().unwrap_or(0..0);
    let (items, from) = scan::items(&select[first]);
    let mut found = Given::default();
    for item in items {
        let text = &select[item.clone()];
        let (tokens, _) = scan::tokens(text);
        let words: Vec<&str> = tokens.iter().map(|token| &text[token.range.clone()]).collect();
        let (Some(token), Some(word)) = (tokens.last(), words.last()) else { continue };
        let start = last + item.start;
        if word.trim_matches('"').eq_ignore_ascii_case(name) {
            found.named.push(start + token.range.start);
        } else if words[0] == "*" || (words.get(1) == Some(&".") && words.get(2) == Some(&"*")) {
            found.stars.push(start);
        }
    }
    let rest: Vec<&str> = select[from..].split_whitespace().take(3).collect();
    let source = rest.get(1).filter(|_| found.named.is_empty() && found.stars.len() == 1);
    let cte = source.and_then(|source| ctes.iter().find(|cte| cte.name.eq_ignore_ascii_case(source)));
    let Some(cte) = cte.filter(|_| rest.len() == 2) else { return found };
    let body = &sql[cte.body.clone()];
    let inside = given(body, name);
    let shifted = |all: Vec<usize>| all.into_iter().map(|at| cte.body.start + at).collect();
    Given { named: shifted(inside.named), stars: shifted(inside.stars) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_star_gives_columns_without_a_name() {
        let given = given("select é, count(*), a * b, t.*, *, x as é from t", "é");
        assert_eq!((given.named.len(), given.stars.len()), (2, 2));
    }

    #[test]
    fn a_column_is_followed_into_the_cte_that_gives_it() {
        let star = "with a as (select x as b), c as (select *, d as e from a) select * from c";
        assert_eq!(given(star, "e").named, [star.find("e from a").unwrap()]);
        assert_eq!(given(star, "b").stars, [star.find("*, d").unwrap()]);
    }
}
