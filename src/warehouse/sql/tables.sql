-- The tool's own tables. What is there stays; a new table or comment is added by every version.
create schema if not exists sources;
create schema if not exists features;
create schema if not exists abt;
create schema if not exists scores;
create schema if not exists pipeline;
create schema if not exists registry;
create schema if not exists reports;

create table if not exists pipeline.settings (name varchar, value varchar);
comment on table pipeline.settings is 'One row per fact about the warehouse: data_until, data_until_set_by_hand, tables_version';

create table if not exists pipeline.loads (
    source varchar, load_id bigint, file varchar, bytes bigint, digest varchar, version varchar, rows bigint,
    loaded_at timestamp, is_current boolean, definition varchar, equal_until date
);
comment on column pipeline.loads.equal_until is 'Up to this reference date the source shows what it showed before this load; NULL: that is not known';
comment on table pipeline.loads is 'One row per source and load: file, its digest, rows; version is what partitions are made from';

create table if not exists pipeline.partitions (
    table_name varchar, reference_date date, rows bigint, fingerprint varchar, built_at timestamp, duration_ms double,
    run_id varchar, inputs varchar, labels_until date, lake varchar, is_here boolean
);
comment on column pipeline.partitions.labels_until is 'The latest label_known_on of an ABT: no later day changes its labels';
comment on column pipeline.partitions.lake is 'The folder of its rows in a lake, where Spark made them';
comment on column pipeline.partitions.is_here is 'Whether its rows are in this database: those that Spark made may be in the lake alone';
comment on table pipeline.partitions is 'One row per table and reference date that is built: what it was made from, when, by which run';

create table if not exists pipeline.failures (
    table_name varchar, reference_date date, run_id varchar, failed_at timestamp, message varchar
);
comment on table pipeline.failures is 'One row per table and reference date that failed and has not been built since: when, and why';

create table if not exists pipeline.quarantine (
    table_name varchar, reference_date date, failed_check varchar, severity varchar, row_json varchar, run_id varchar,
    found_at timestamp
);
comment on table pipeline.quarantine is 'One row per row that fails a check: those that were kept out of a partition (severity drop), and some of the others';

create table if not exists pipeline.runs (
    run_id varchar, command varchar, tool_version varchar, started_at timestamp, finished_at timestamp, outcome varchar
);
comment on table pipeline.runs is 'One row per command that wrote: what was asked, when, and how it ended';

create table if not exists registry.models (
    model varchar, version integer, candidate varchar, algorithm varchar, settings varchar, inputs varchar[],
    as_of date, trained_through date, trained_rows bigint, base_rate double, data_digest varchar, definition varchar,
    definition_parts varchar, mean_metric double, metric varchar, fitted blob, tool_version varchar, trained_at timestamp,
    run_id varchar
);
comment on table registry.models is 'One row per model version: algorithm, settings, inputs in order, digest of its training data, the fitted model';

create table if not exists registry.metrics (
    model varchar, version integer, candidate varchar, snapshot date, metric varchar, value double, low double,
    high double, rows bigint, base_rate double, slice varchar, snapshots integer, entities bigint
);
comment on table registry.metrics is 'One row per version, candidate, out-of-time fold and metric, with a 95 % interval by resampling entities';
comment on column registry.metrics.snapshot is 'The first snapshot of the fold; trained on what was known at it';
comment on column registry.metrics.snapshots is 'How many snapshots the fold has';
comment on column registry.metrics.slice is 'The part of the population that is measured; NULL for all of it';
comment on column registry.metrics.entities is 'How many entities the rows belong to: rows / entities is the mean weight of one';

create table if not exists registry.means (
    model varchar, version integer, candidate varchar, metric varchar, low double, high double
);
comment on table registry.means is 'One row per version and candidate: the 95 % interval of the mean over all folds of the metric that decides, by resampling entities';

create table if not exists registry.files (model varchar, version integer, file varchar, digest varchar);
comment on table registry.files is 'One row per version and file that decided it: the model, what it needs, and macros; digest names its text in registry.texts';

create table if not exists registry.texts (digest varchar, text varchar);
comment on table registry.texts is 'One row per text that a file had when a version was trained';

create table if not exists registry.contests (
    model varchar, version integer, against integer, candidate varchar, metric varchar, value double,
    against_value double, difference double, low double, high double, basis varchar, outcome varchar, reason varchar
);
comment on table registry.contests is 'One row per version that a training made: the version that served until then, the difference in the deciding metric, and what came of it';
comment on column registry.contests.candidate is 'Of the challenger; NULL where there was none, as where a version is only fitted again';
comment on column registry.contests.difference is 'Mean over the folds, of the challenger less the version that served, with a 95 % interval by resampling entities';
comment on column registry.contests.basis is 'What the other value is: `paired`, of the same rows; `recorded`, of its own training';
comment on column registry.contests.outcome is '`first`, `takes over`, `accepted` (in spite of the interval), `fitted again`, or `kept`: it does not serve';

create table if not exists registry.segments (
    model varchar, version integer, segment integer, segment_name varchar, sets_apart varchar, rows bigint, share double,
    outcome_share double, outcome_from date
);
comment on table registry.segments is 'One row per version and segment: its name and profile at the training, and what followed at the newest snapshot whose labels were known';

create table if not exists registry.outcomes (
    model varchar, reference_date date, model_version integer, scored_at timestamp, settled_on date, rows bigint,
    metric varchar, value double, low double, high double, promised double, promised_low double, promised_high double,
    rule varchar, rule_value double, is_back_cast boolean, computed_at timestamp
);
comment on table registry.outcomes is 'One row per delivered list whose labels are all known, and metric: what came of it, what the out-of-time folds of its training promised, what the rule would have given';
comment on column registry.outcomes.is_back_cast is 'The version was trained on what came after the date: it flatters';
comment on column registry.outcomes.promised is 'Mean of the folds; promised_low and promised_high are the ends of their intervals';

create table if not exists registry.drift (
    model varchar, reference_date date, model_version integer, scored_at timestamp, input varchar, psi double,
    usual_psi double
);
comment on table registry.drift is 'One row per scoring and input: its PSI against the training, and the largest of a training snapshot; of `score` against the date before';

create table if not exists registry.importances (model varchar, version integer, input varchar, roc_auc_drop double);
comment on table registry.importances is 'One row per version and input: how much out-of-time ROC AUC falls when its values are shuffled';

create table if not exists registry.dependence (
    model varchar, version integer, input varchar, value double, mean_score double
);
comment on table registry.dependence is 'One row per version, input among the most important, and value: the mean score of training rows with this value in all of them (partial dependence)';

create table if not exists registry.curves (
    model varchar, version integer, candidate varchar, snapshot date, part integer, rows double, positives double,
    mean_score double
);
comment on table registry.curves is 'One row per version, candidate, out-of-time fold and hundredth of its list, 1 with the highest scores: what ROC, precision-recall, gain, lift and calibration are drawn from; of the version''s own candidate and of the best rule';
comment on column registry.curves.rows is 'A hundredth of the rows; rows of one score on both sides of a border are shared out in proportion';

create table if not exists registry.rules (
    model varchar, version integer, rule varchar, metric varchar, difference double, low double, high double
);
comment on table registry.rules is 'One row per version that is no rule itself: the best rule among the candidates, and the difference of the version to it in the deciding metric, mean over the folds, with a 95 % interval by resampling entities';

create table if not exists registry.outbox (
    item bigint, kind varchar, model varchar, version integer, reference_date date, run_id varchar, created_at timestamp,
    sent_at timestamp, sent_to varchar, attempts integer, last_error varchar, payload varchar
);
comment on table registry.outbox is 'One row per training, promotion and scoring, for MLflow: what waits has no sent_at';

create table if not exists registry.inputs (
    model varchar, version integer, input varchar, edges double[], shares double[], usual_psi double, varies boolean,
    description varchar
);
comment on table registry.inputs is 'One row per model version and input: upper edges of its tenths and shares of the training rows in them, the largest PSI of a training snapshot, whether rows of one snapshot differ in it; what it is, and from which stores';

create table if not exists registry.champions (
    model varchar, version integer, trained_through date, since timestamp, until timestamp, reason varchar,
    ended_because varchar
);
comment on table registry.champions is 'One row per reign: which version was champion, from when to when, why it began and why it ended';
