//! Planted mistakes, each with the place where it has to be shown.
//!
//! `‸` in the planted text is not part of it: it stands where the caret has to be. `¦` stands in the line that has to be
//! shown, wherever its caret is.

mod config;
mod jinja;
mod others;
mod sql;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::Place;

/// A mistake planted into a project.
pub struct Slip {
    pub file: &'static str,
    /// What is replaced; empty: the whole file.
    pub from: &'static str,
    pub to: String,
    pub command: Vec<&'static str>,
    /// Other files that have to be there: the one that calls a macro, or is included.
    pub beside: Vec<(&'static str, String)>,
    /// Parts of the message.
    pub says: Vec<&'static str>,
    /// Where only one is right.
    code: Option<i32>,
    /// The body of a feature store that uses what is planted.
    used_by: Option<&'static str>,
}

const RUN: &str = "run --date 2018-06-01 --select";

impl Slip {
    /// A whole feature store, after a line with its config.
    pub fn store(body: &str, says: &[&'static str]) -> Self {
        let to = format!("{{{{ config(entity = 'order', key = 'order_id', description = 'x') }}}}\n{body}\n");
        Self::file("features/slip.sql", &to, "features.slip", says)
    }

    pub fn file(file: &'static str, to: &str, select: &'static str, says: &[&'static str]) -> Self {
        Self::edit(file, "", to, select, says)
    }

    pub fn edit(
        file: &'static str,
        from: &'static str,
        to: &str,
        select: &'static str,
        says: &[&'static str],
    ) -> Self {
        let mut command: Vec<&str> = RUN.split(' ').collect();
        command.push(select);
        Self {
            file,
            from,
            to: to.to_owned(),
            command,
            beside: Vec::new(),
            says: says.to_vec(),
            code: None,
            used_by: None,
        }
    }

    /// With another file beside it.
    pub fn beside(mut self, file: &'static str, text: &str) -> Self {
        self.beside.push((file, text.to_owned()));
        self
    }

    /// With this as its last line.
    pub fn ending(mut self, line: &str) -> Self {
        self.to = format!("{}{line}\n", self.to.trim_end_matches('¦'));
        self
    }

    /// Only the line of the mark counts.
    pub fn lines_only(mut self) -> Self {
        self.to = self.to.replace('‸', "¦");
        self
    }

    pub fn code(mut self, code: i32) -> Self {
        self.code = Some(code);
        self
    }

    /// With a feature store beside it, which calls the macro that is planted.
    pub fn using(mut self, body: &'static str) -> Self {
        self.used_by = Some(body);
        self
    }

    pub fn by(mut self, command: &'static str) -> Self {
        self.command = command.split(' ').collect();
        self
    }

    /// Plants it, runs the command, takes it out again; gives what is wrong with the message.
    fn check(&self, place: &Place) -> Result<(), String> {
        let before = place.path(self.file).exists().then(|| place.read(self.file));
        let planted = if self.from.is_empty() {
            self.to.clone()
        } else {
            let text = before.clone().unwrap();
            assert!(text.contains(self.from), "`{}` is not in {}", self.from, self.file);
            text.replacen(self.from, &self.to, 1)
        };
        let at = planted.find(['‸', '¦']).unwrap_or_else(|| panic!("no place in: {planted}"));
        let ahead = planted[..at].strip_prefix('\u{feff}').unwrap_or(&planted[..at]);
        let line = ahead.matches('\n').count() + 1;
        let column = ahead.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let exact = planted[at..].starts_with('‸');
        let expected = if exact {
            format!("--> {}:{line}:{column}", self.file)
        } else {
            format!("--> {}:{line}", self.file)
        };
        place.write(self.file, planted.replace(['‸', '¦'], ""));
        for (file, text) in &self.beside {
            place.write(file, text.clone());
        }
        if let Some(body) = self.used_by {
            place.write("features/slip.sql", Self::store(body, &[]).to);
        }
        let ran = place.olist(&self.command);
        for (file, _) in &self.beside {
            std::fs::remove_file(place.path(file)).unwrap();
        }
        if self.used_by.is_some() {
            std::fs::remove_file(place.path("features/slip.sql")).unwrap();
        }
        match before {
            Some(text) => place.write(self.file, text),
            None => std::fs::remove_file(place.path(self.file)).unwrap(),
        }
        let found = ran.stderr.find(&expected).map(|at| &ran.stderr[at + expected.len()..]);
        let is_there = found.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        if !is_there {
            return Err(format!("expected {expected}, found:\n{}", ran.stderr));
        }
        if let Some(missing) = self.says.iter().find(|part| !ran.stderr.contains(**part)) {
            return Err(format!("`{missing}` is not in:\n{}", ran.stderr));
        }
        if ran.stderr.contains("panicked") || ran.stderr.contains("Stack Trace") {
            return Err(format!("a panic or a trace:\n{}", ran.stderr));
        }
        if self.code.map_or(![1, 2].contains(&ran.code), |code| code != ran.code) {
            return Err(format!("exit code {}:\n{}", ran.code, ran.stderr));
        }
        Ok(())
    }
}

/// Plants all of them, on all cores.
#[track_caller]
pub fn check_all(slips: &[Slip]) {
    let next = AtomicUsize::new(0);
    let misses = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let place = Place::with_sample();
                while let Some(slip) = slips.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = slip.check(&place) {
                        misses.lock().unwrap().push(format!("{}\n{why}", slip.to));
                    }
                }
            });
        }
    });
    let misses = misses.into_inner().unwrap();
    assert!(
        misses.is_empty(),
        "{} of {} are not shown at their place:\n\n{}",
        misses.len(),
        slips.len(),
        misses.join("\n----\n")
    );
}
