//! Places in the files of a project: of words, of keys of config, and of bytes of the SQL that was rendered.

use std::sync::Arc;

use chrono::NaiveDate;

use super::compiled::{self, Compiled};
use super::limits::on_a_deep_stack;
use super::locate::{self, Located};
use super::trace::{self, Trace, Tracer};
use super::{FUEL, File, Kind, Rendered, Templates, environment, tokens};
use crate::problem::Place;

impl Templates {
    /// The place of the key or item of `config(...)` at `path`, as `checks.2`; else of `config` itself.
    pub fn config_key(&self, file: &str, path: &str) -> Place {
        self.keys(file).key(path).unwrap_or_else(|| self.at(file, 0))
    }

    /// The place of byte `offset` of the text that stands in `config(...)` at `path`.
    pub fn in_config(&self, file: &str, path: &str, offset: usize) -> Place {
        self.keys(file).value(path, offset).unwrap_or_else(|| self.config_key(file, path))
    }

    /// The last place of `word` in the SQL of a file, where a column gets its name; else of the letters of it that stand
    /// beside a `{{ … }}`, where a loop makes the rest.
    pub fn last_mention(&self, file: &str, word: &str) -> Place {
        let found = tokens::last_in_text(self.source(file), word);
        found.map_or_else(|| self.place(file, word), |at| self.at(file, at))
    }

    /// The place of `word` in a file of the project.
    pub fn place(&self, file: &str, word: &str) -> Place {
        Place::of_word(file, self.source(file), word)
    }

    /// Where byte `offset` of the SQL came from, with the calls and iterations that made it.
    pub fn locate(&self, rendered: &Rendered, offset: usize) -> Located {
        self.locate_seam(rendered, offset, offset)
    }

    /// As `locate`, for a mistake between what stands at byte `before` of the SQL and what stands at `offset`: where a
    /// `{{ … }}` begins between them, it is the place, and not the macro that it calls.
    pub fn locate_seam(&self, rendered: &Rendered, before: usize, offset: usize) -> Located {
        let Rendered { file, kind, date, raw, sql, trace, .. } = rendered;
        let trace = trace.get_or_init(|| {
            let (marked, tracer) = self.traced(file, *kind, *date, raw.as_deref())?;
            let trace = Trace::read(&marked.ok()?, &tracer);
            (trace.sql.trim_end() == sql.0).then(|| Arc::new(trace))
        });
        if let Some(trace) = trace {
            let frames = trace.frames(offset);
            let located = match trace.frames(before).first() {
                Some(first) if frames.len() > 1 && frames.first() != Some(first) => {
                    Some(locate::at_frame(self, &frames, 0, None))
                }
                _ => locate::unfold(self, sql, offset, &frames),
            };
            if let Some(located) = located {
                return located;
            }
        }
        Located { place: self.call(rendered, offset), notes: Vec::new() }
    }

    /// As `locate`, but of what a macro of another file made the place that calls it; and the place in the macro.
    pub fn locate_call(&self, rendered: &Rendered, offset: usize) -> (Place, Option<Place>) {
        let (call, inner) = (self.call(rendered, offset), self.locate(rendered, offset).place);
        if inner.file == call.file { (inner, None) } else { (call, Some(inner)) }
    }

    /// Where the text or the expression is written that gave byte `offset` of the SQL.
    fn call(&self, rendered: &Rendered, offset: usize) -> Place {
        let behind = rendered.spans.partition_point(|span| span.output_range().start <= offset);
        let span = rendered.spans[..behind].last();
        span.map_or_else(|| self.at(&rendered.file, 0), |span| self.written(span, offset))
    }

    /// Renders `file` with marks in it: only when something failed.
    pub(super) fn traced(
        &self,
        file: &str,
        kind: Kind,
        date: Option<NaiveDate>,
        raw: Option<&str>,
    ) -> Option<(Result<String, minijinja::Error>, Arc<Tracer>)> {
        on_a_deep_stack(|| {
            let mut env = environment(FUEL * 4);
            let mut tracer = Tracer::default();
            for (file, File { source, .. }) in &self.files {
                let segments = tokens::read(source);
                let mut edits = compiled::edits(file, source, &segments, &self.macros);
                edits.extend(tracer.marks(file, source, &segments));
                env.add_template_owned(file.clone(), Compiled::new(source, edits).text).ok()?;
            }
            let tracer = Arc::new(tracer);
            trace::register(&mut env, &tracer);
            let (variables, _) = self.variables(kind, date, raw);
            Some((env.get_template(file).ok()?.render(variables), tracer))
        })
    }
}
