//! Pages on models in a browser, and their words in two languages.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::report::pages;
use super::support::{Place, repository};

#[test]
#[ignore = "a browser"]
fn a_browser_shows_it_without_a_word_of_complaint() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    }) else {
        eprintln!("SKIPPED: no Chromium is installed, so no page is looked at in a browser");
        return;
    };
    let place = Place::with_sample();
    let [page, _] = pages(&place);
    // What the page measures of itself ends in its title.
    let probe = "<script>window.onload = () => { document.title = [document.documentElement.scrollWidth,
        document.querySelectorAll('svg').length, performance.getEntriesByType('resource').length,
        getComputedStyle(document.body).backgroundColor].join(' | '); }</script></body>";
    place.write("probe.html", page.replace("</body>", probe));
    let look = |arguments: &[&str], file: &Path| {
        let mut command = Command::new(browser);
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
        ]);
        let output = command.args(arguments).arg(format!("file://{}", file.display())).output().unwrap();
        let logged = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!logged.contains("CONSOLE"), "{logged}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let measured = |arguments: &[&str]| {
        let dom = look(
            &[&["--dump-dom", "--virtual-time-budget=2000"], arguments].concat(),
            &place.path("probe.html"),
        );
        let title =
            dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap().to_owned();
        title.split(" | ").map(str::to_owned).collect::<Vec<String>>()
    };
    let light = measured(&["--window-size=1200,900"]);
    let dark = measured(&["--window-size=1200,900", "--force-dark-mode"]);
    assert_eq!((light[0].as_str(), light[2].as_str()), ("1200", "0"), "{light:?}");
    assert_eq!(light[1], page.matches("<svg").count().to_string());
    assert_ne!(light[3], dark[3], "{light:?} {dark:?}");
    // Narrower than a window can be: the page stands in a frame as wide as a phone.
    place.write(
        "phone.html",
        "<title>-</title><iframe src='en.html' width='390' height='800' onload=\"document.title =
             this.contentDocument.documentElement.scrollWidth\"></iframe>",
    );
    let dom = look(
        &["--dump-dom", "--virtual-time-budget=2000", "--allow-file-access-from-files"],
        &place.path("phone.html"),
    );
    let width = dom.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
    assert!(width.parse::<u32>().is_ok_and(|width| width <= 390), "{width}");
    let pdf = format!("--print-to-pdf={}", place.path("page.pdf").display());
    look(&[&pdf, "--no-pdf-header-footer"], &place.path("en.html"));
    assert!(std::fs::metadata(place.path("page.pdf")).unwrap().len() > 20_000);
}

#[test]
fn every_word_is_there_in_both_languages() {
    let words = |lang: &str| -> serde_json::Map<String, serde_json::Value> {
        let file = repository().join(format!("src/page/words/{lang}.json"));
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    };
    let (english, portuguese) = (words("en"), words("pt-BR"));
    assert_eq!(english.keys().collect::<Vec<_>>(), portuguese.keys().collect::<Vec<_>>());
    let places = |text: &str| -> BTreeSet<String> {
        text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect()
    };
    // The same in both.
    let same = [
        "fp_tool",
        "lift_y",
        "psi",
        "usual_psi",
        "read_auc_word",
        "read_lift_word",
        "read_psi_word",
        "version_is",
        "outcome_at",
    ];
    for (key, text) in &english {
        let (text, other) = (text.as_str().unwrap(), portuguese[key].as_str().unwrap());
        assert_eq!(places(text), places(other), "{key}");
        assert_eq!(text == other, same.contains(&key.as_str()), "{key}: {text}");
    }
    // What templates say by hand is in no language.
    let folder = repository().join("src/page/templates");
    let mut used = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        used.extend(text.split("t('").skip(1).map(|rest| rest.split('\'').next().unwrap().to_owned()));
        // The page of tables and columns is in the language of the SQL files alone.
        if path.extension().is_some_and(|ending| ending == "css") || path.ends_with("docs.html.jinja") {
            continue;
        }
        let without = |text: &str, open: &str, close: &str| {
            let kept = text.split(open).enumerate().map(|(at, part)| match part.split_once(close) {
                Some((_, kept)) if at > 0 => kept.to_owned(),
                _ => part.to_owned(),
            });
            kept.collect::<String>()
        };
        let text = [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<", ">"), ("&", ";")]
            .into_iter()
            .fold(text, |text, (open, close)| without(&text, open, close));
        let bare: Vec<&str> =
            text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
        assert!(bare.is_empty(), "{}: {bare:?}", path.display());
    }
    let is_key =
        |key: &&String| key.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !key.ends_with('_');
    let missing: Vec<_> = used.iter().filter(is_key).filter(|key| !english.contains_key(*key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
