//! The order in which things that need each other are made.

use std::collections::{BTreeMap, BTreeSet};

use pathfinding::directed::bfs::bfs_reach;

/// What each name needs.
pub type Needs = BTreeMap<String, BTreeSet<String>>;

/// All names, each after what it needs. Names that are needed but not listed are left out.
pub fn in_order(needs: &Needs) -> Result<Vec<String>, Vec<String>> {
    let mut order = Vec::new();
    let mut done = BTreeSet::new();
    for name in needs.keys() {
        visit(name, needs, &mut done, &mut Vec::new(), &mut order)?;
    }
    Ok(order)
}

fn visit(
    name: &str,
    needs: &Needs,
    done: &mut BTreeSet<String>,
    path: &mut Vec<String>,
    order: &mut Vec<String>,
) -> Result<(), Vec<String>> {
    if done.contains(name) {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|earlier| earlier == name) {
        let mut circle = path[start..].to_vec();
        circle.push(name.to_owned());
        return Err(circle);
    }
    let Some(below) = needs.get(name) else {
        return Ok(());
    };
    path.push(name.to_owned());
    for need in below {
        visit(need, needs, done, path, order)?;
    }
    path.pop();
    done.insert(name.to_owned());
    order.push(name.to_owned());
    Ok(())
}

/// `start` and all that it needs.
pub fn upstream(start: &str, needs: &Needs) -> BTreeSet<String> {
    bfs_reach(start.to_owned(), |name| needs.get(name).cloned().unwrap_or_default()).collect()
}

/// `start` and all that depends on it.
pub fn downstream(start: &str, needs: &Needs) -> BTreeSet<String> {
    let mut turned = Needs::new();
    for (name, below) in needs {
        for need in below {
            turned.entry(need.clone()).or_default().insert(name.clone());
        }
    }
    upstream(start, &turned)
}
