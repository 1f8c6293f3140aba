//! The floors of docs/architecture.md: a module of src/ uses its own floor and those below it, and no circle is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::support::repository;

/// Modules by the number of their floor, 0 at the ground, as the table of the page has them: `| 3 | `sql` | … |`.
fn floors(page: &str) -> BTreeMap<String, usize> {
    let mut floors = BTreeMap::new();
    for line in page.lines() {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let (Some(number), Some(modules)) = (cells.next(), cells.next()) else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        for module in modules.split('`').skip(1).step_by(2) {
            assert_eq!(floors.insert(module.to_owned(), number), None, "`{module}` stands on two floors");
        }
    }
    floors
}

/// Every name behind `crate::` in a text of Rust, the heads of `crate::{a, b::c}` included.
fn used(text: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let code =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        let Some(group) = part.strip_prefix('{') else {
            found.insert(name(part));
            continue;
        };
        let mut depth = 1;
        let mut is_head = true;
        for (at, sign) in group.char_indices() {
            if is_head {
                found.insert(name(&group[at..]));
            }
            is_head = sign == ',' && depth == 1;
            depth += usize::from(sign == '{');
            depth -= usize::from(sign == '}');
            if depth == 0 {
                break;
            }
        }
    }
    found.remove("");
    found
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Which modules each module uses, with a file that does.
fn uses() -> BTreeMap<String, BTreeMap<String, String>> {
    let source = repository().join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    let mut uses: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for file in files {
        let inside = file.strip_prefix(&source).unwrap();
        let module = inside.iter().next().unwrap().to_string_lossy().replace(".rs", "");
        if module == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap().replace("olist::", "crate::");
        let own = uses.entry(module.clone()).or_default();
        for other in used(&text) {
            if other != module {
                own.entry(other).or_insert_with(|| inside.display().to_string());
            }
        }
    }
    uses
}

/// A way from the first of `path` back to itself through others of its floor.
fn circle(same: &impl Fn(&str) -> Vec<String>, path: &mut Vec<String>) -> bool {
    for other in same(path.last().unwrap()) {
        if other == path[0] {
            return true;
        }
        if !path.contains(&other) {
            path.push(other);
            if circle(same, path) {
                return true;
            }
            path.pop();
        }
    }
    false
}

#[test]
fn floors_look_down_only() {
    let page = fs::read_to_string(repository().join("docs/architecture.md")).unwrap();
    let floors = floors(&page);
    let uses = uses();
    let modules: BTreeSet<&String> = uses.keys().collect();
    assert_eq!(floors.keys().collect::<BTreeSet<_>>(), modules, "docs/architecture.md and src/ differ");
    let mut wrong = Vec::new();
    for (module, others) in &uses {
        for (other, file) in others {
            match floors.get(other) {
                Some(floor) if *floor > floors[module] => {
                    wrong.push(format!("src/{file} looks up from `{module}` to `{other}`"));
                }
                _ => {}
            }
        }
        let floor = |name: &str| floors.get(name).copied();
        let same = |name: &str| -> Vec<String> {
            uses[name].keys().filter(|other| floor(other) == floor(name)).cloned().collect()
        };
        let mut path = vec![module.clone()];
        if circle(&same, &mut path) {
            wrong.push(format!("a circle: {}", path.join(" -> ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let drawing = page.split("```").nth(1).unwrap();
    for module in floors.keys() {
        let is_drawn = drawing.split(|c: char| !c.is_alphanumeric()).any(|word| word == module);
        assert!(is_drawn, "`{module}` is not in the drawing of docs/architecture.md");
    }
}

#[test]
fn imports_are_read_in_all_their_forms() {
    let text = "use crate::a;\nuse crate::b::{self, x::y};\nuse crate::{c, d::{e, f}, g::h};\n// crate::z\ncrate::i::j()";
    assert_eq!(used(text).into_iter().collect::<Vec<_>>(), ["a", "b", "c", "d", "g", "i"]);
}
