//! The user's mistakes: what is wrong, where, at which reference date, and what to do.
//!
//! Everything else that can go wrong travels as `anyhow::Error` with context. `main` alone turns either into an
//! exit code.

use std::fmt;

use chrono::NaiveDate;

use crate::term;

/// What kind of mistake it is; decides the exit code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// The data or a check failed: exit code 1.
    Data,
    /// Usage, template, SQL or environment: exit code 2.
    #[default]
    Usage,
    /// A signal came: exit code 128 and its number.
    Interrupted,
}

/// Longer lines are cut when they are shown, in characters.
const WIDEST: usize = 120;

/// A place in one of the analyst's files. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the analyst names it, for example `features/seller_sales.sql`.
    pub file: String,
    pub line: usize,
    /// 0 where only the line is known.
    pub column: usize,
    /// The text of that line, to print it with a caret below.
    pub text: String,
}

impl Place {
    /// The place of byte `offset` of `source`.
    pub fn at_offset(file: &str, source: &str, offset: usize) -> Self {
        let mut offset = offset.min(source.len());
        while !source.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &source[..offset];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let text = source[start..].lines().next().unwrap_or_default().to_owned();
        let column = source[start..offset].chars().count() + 1;
        Self { file: file.to_owned(), line, column, text }
    }

    /// The text to print and the column of the caret in it: a long line is cut around the caret.
    fn window(&self) -> (String, usize) {
        let length = self.text.chars().count();
        if length <= WIDEST {
            return (self.text.clone(), self.column);
        }
        let skip = self.column.saturating_sub(WIDEST / 2).min(length - WIDEST);
        let cut: String = self.text.chars().skip(skip).take(WIDEST).collect();
        let (lead, column) = match (skip, self.column) {
            (0, column) => ("", column),
            (_, column) => ("… ", (column + 2).saturating_sub(skip)),
        };
        let trail = if skip + WIDEST < length { " …" } else { "" };
        (format!("{lead}{cut}{trail}"), column)
    }

    /// The place where `function` is called with `name`, as in `source('orders')`; where the name is computed, of the
    /// first call.
    pub fn of_call(file: &str, source: &str, function: &str, name: &str) -> Self {
        let found =
            ['\'', '"'].iter().find_map(|quote| source.find(&format!("{function}({quote}{name}{quote}")));
        let found = found.or_else(|| source.find(&format!("{function}(")));
        found.map_or_else(|| Self::of_word(file, source, name), |at| Self::at_offset(file, source, at))
    }

    /// The place of the first occurrence of `word` in `source`, or the file's first line.
    pub fn of_word(file: &str, source: &str, word: &str) -> Self {
        Self::at_offset(file, source, mentions(source, word).next().unwrap_or(0))
    }
}

/// Whether `c` can be part of a name.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `word` stands in `text` and is not part of a longer one.
pub fn mentions<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let inside =
        |edge: Option<char>, own: Option<char>| edge.is_some_and(is_word) && own.is_some_and(is_word);
    let is_whole = move |at: &usize| {
        let (before, behind) = (&text[..*at], &text[at + word.len()..]);
        !inside(before.chars().next_back(), word.chars().next())
            && !inside(behind.chars().next(), word.chars().next_back())
    };
    text.match_indices(word).map(|(at, _)| at).filter(move |at| !word.is_empty() && is_whole(at))
}

/// A mistake of the user, ready to be shown.
#[derive(Debug, Default)]
pub struct Problem {
    pub kind: Kind,
    pub message: String,
    pub place: Option<Place>,
    pub date: Option<NaiveDate>,
    /// What led there, one line each: the call of a macro, the iteration of a loop.
    pub notes: Vec<String>,
    pub hint: Option<String>,
}

impl Problem {
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    pub fn data(message: impl Into<String>) -> Self {
        Self { kind: Kind::Data, ..Self::usage(message) }
    }

    /// Whether both say the same of the same place, whatever led there.
    pub fn is_same(&self, other: &Self) -> bool {
        self.place.is_some() && self.place == other.place && self.message == other.message
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    #[must_use]
    pub fn on(mut self, date: NaiveDate) -> Self {
        self.date = Some(date);
        self
    }

    /// As `on`, where there may be none.
    #[must_use]
    pub fn maybe_on(mut self, date: Option<NaiveDate>) -> Self {
        self.date = date.or(self.date);
        self
    }

    /// The file's first line, where no better place is known.
    #[must_use]
    pub fn at_least(mut self, file: &str, source: &str) -> Self {
        let text = source.lines().next().unwrap_or_default().to_owned();
        self.place.get_or_insert(Place { file: file.to_owned(), line: 1, column: 0, text });
        self
    }

    #[must_use]
    pub fn noting(mut self, notes: Vec<String>) -> Self {
        self.notes.extend(notes);
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// As `hint`, where there may be none.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        let date = self.date.map(|date| format!(" (reference date {date})")).unwrap_or_default();
        if let Some(place) = &self.place {
            let number = place.line.to_string();
            let margin = " ".repeat(number.len());
            let column = if place.column > 0 { format!(":{}", place.column) } else { String::new() };
            write!(f, "\n{margin}--> {}:{number}{column}{date}", place.file)?;
            let (text, column) = place.window();
            write!(f, "\n{margin} |\n{number} | {text}")?;
            if column > 0 {
                let tab = |c: char| if c == '\t' { '\t' } else { ' ' };
                let lead: String = text.chars().take(column - 1).map(tab).collect();
                write!(f, "\n{margin} | {lead}^")?;
            }
            for note in &self.notes {
                write!(f, "\n{margin} = {note}")?;
            }
        } else {
            write!(f, "{date}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Ends in the last of `problems`, if there are any; the others are told here.
pub fn end(mut problems: Vec<Problem>) -> Result<(), Problem> {
    let last = problems.pop();
    for problem in &problems {
        term::error(&problem.to_string());
    }
    last.map_or(Ok(()), Err)
}

/// The valid name nearest to a misspelt one, if any is near.
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    valid
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `did you mean …?`, or the whole list where nothing is near and the list is short.
pub fn suggest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(name) = nearest(wrong, valid.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let names: Vec<&str> = valid.into_iter().collect();
    (!names.is_empty() && names.len() <= 20).then(|| format!("there are: {}", names.join(", ")))
}
