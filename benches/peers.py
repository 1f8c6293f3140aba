"""What `olist run` costs beside dbt's microbatch and SQLMesh, on the same rendered SQL, data and machine.

    python3 -m venv peers && peers/bin/pip install dbt-core==1.11.16 dbt-duckdb==1.11.1 sqlmesh==0.236.4
    peers/bin/pip install duckdb==2.0.1
    peers/bin/python benches/peers.py target/release/olist FOLDER

FOLDER has Kaggle's files; `--sample` in its place is the synthetic marketplace. DuckDB is a step of its own, so that all
have the same: SQLMesh asks for one before 2.0, and works with it (pip warns). Builds the 14 monthly partitions of
`benches/overhead.rs` by one command of each tool, three rounds in turn, each from a fresh copy of the loaded database.
Prints seconds and seconds of CPU of every round, the medians, and their ratios to those of `olist run`. Stops where the
three have not written the same rows.
"""

import collections
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import duckdb

ROUNDS = 3
CORES = len(os.sched_getaffinity(0))
STORES = ["orders", "sales", "reviews", "customers", "delivery", "payments", "products"]
TABLES = [*(f"features.seller_{store}" for store in STORES), "abt.seller_churn"]
DATES = [f"{2017 + month // 12}-{1 + month % 12:02}-01" for month in range(14)]
END = "2018-03-01"
REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.dirname(sys.executable)

RUN = ["run", "--date", f"{DATES[0]}..{DATES[-1]}", "--select", "abt.seller_churn", "--quiet"]

# For speed: the parsed project is kept, nothing is asked of the network, no manifest and no log file are written. Two
# threads for each core, as a microbatch model holds one itself, and at most half of them are for such models.
DBT_PROJECT = f"""
name: peers
version: '1.0'
profile: peers
flags: {{partial_parse: true, send_anonymous_usage_stats: false, version_check: false, cache_selected_only: true,
    write_json: false, log_level_file: none}}
models:
    +materialized: incremental
    +incremental_strategy: microbatch
    +event_time: reference_date
    +batch_size: month
    +begin: '{DATES[0]}'
"""
DBT_PROFILE = """
peers:
    target: duckdb
    outputs: {{duckdb: {{type: duckdb, path: '{database}', threads: {threads}}}}}
"""
DBT_SCHEMA = "{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}"
DBT_MODEL = """{{{{ config(schema='{schema}') }}}}
{{% set day = model.batch.event_time_start.date() if model.batch %}}
{sql}
"""
DBT = [f"{BIN}/dbt", "--quiet", "run", "--event-time-start", DATES[0], "--event-time-end", END]

# For speed: as many tasks at once as there are cores, no comments of tables, no statistics, no tests, no lint, no diff.
# Left out, as they make it no faster: `virtual_environment_mode: dev_only`, `optimize_query: false`, declared columns;
# and sqlglot's compiled extension, with which this version of SQLMesh cannot start.
SQLMESH_CONFIG = """
default_gateway: duckdb
gateways:
    duckdb:
        connection: {{type: duckdb, database: '{database}', concurrent_tasks: {cores}, register_comments: false}}
model_defaults: {{dialect: duckdb, start: '{start}', cron: '@monthly'}}
disable_anonymized_analytics: true
"""
SQLMESH_MODEL = """MODEL (name {table}, kind INCREMENTAL_BY_TIME_RANGE (time_column reference_date, batch_size 1));
{sql}
"""
SQLMESH = [f"{BIN}/sqlmesh", "plan", "--auto-apply", "--no-prompts", "--no-diff", "--skip-tests", "--skip-linter"]
SQLMESH += ["--execution-time", END]


def stop(message):
    sys.exit(f"peers.py: {message}")


def call(command, cwd, **environment):
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode != 0:
        stop(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def partition(olist, database, table):
    """The SELECT of a table's partition as a function of the SQL of its date.

    All that may differ is the literal of the date: with another put in, the SQL has to be what is rendered for that.
    """
    def render(date):
        command = [olist, "render", f"{table.replace('.', '/')}.sql", "--date", date]
        return call(command, REPOSITORY, OLIST_DATABASE=database)

    def literal(date):
        return f"date '{date}'"

    parts = render(DATES[0]).split(literal(DATES[0]))
    for date in DATES:
        if literal(date).join(parts) != render(date):
            stop(f"{table}: the SQL of {date} differs from that of {DATES[0]} in more than the date")
    return lambda date: f"select {date} as reference_date, q.* from (\n{date.join(parts)}\n) as q"


def dbt_project(folder, database, partitions):
    """Loaded tables are read by name: no event time is to be filtered, of sources as of the other models."""
    write(f"{folder}/dbt_project.yml", DBT_PROJECT)
    write(f"{folder}/profiles.yml", DBT_PROFILE.format(database=database, threads=2 * CORES))
    write(f"{folder}/macros/schema.sql", DBT_SCHEMA)
    for table, sql in partitions.items():
        schema, name = table.split(".")
        sql = re.sub(r"\b(?:features|abt)\.(\w+)", r"{{ ref('\1').render() }}", sql("date '{{ day }}'"))
        write(f"{folder}/models/{name}.sql", DBT_MODEL.format(schema=schema, sql=sql))
    call([f"{BIN}/dbt", "--quiet", "parse"], folder)


def sqlmesh_project(folder, database, partitions):
    write(f"{folder}/config.yaml", SQLMESH_CONFIG.format(database=database, cores=CORES, start=DATES[0]))
    for table, sql in partitions.items():
        write(f"{folder}/models/{table}.sql", SQLMESH_MODEL.format(table=table, sql=sql("cast(@start_ds as date)")))
    call([f"{BIN}/sqlmesh", "migrate"], folder)


def copy(database, to):
    """Closed databases are one file: a log that is left would belong to neither."""
    for path in (database, to):
        if os.path.exists(f"{path}.wal"):
            stop(f"{path} has not been closed: there is {path}.wal")
    shutil.copy(database, to)


def timed(command, cwd, database):
    """Seconds, and seconds of CPU, of a whole command."""
    def cpu():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    started, before = time.monotonic(), cpu()
    call(command, cwd, OLIST_DATABASE=database)
    return time.monotonic() - started, cpu() - before


def rows(database, table):
    """The columns of a table, and how often each row is in it."""
    with duckdb.connect(database, read_only=True) as warehouse:
        found = warehouse.execute(f"select * from {table}")
        return [name for name, *_ in found.description], collections.Counter(found.fetchall())


def same_rows(databases):
    for table in TABLES:
        (_, (columns, ours)), *others = [(tool, rows(database, table)) for tool, database in databases.items()]
        dates = collections.Counter(str(row[0]) for row in ours.elements())
        if not dates or not dates.keys() <= set(DATES):
            stop(f"{table}: olist run wrote {dict(dates)}")
        for tool, (names, theirs) in others:
            if names != columns:
                stop(f"{table}: columns of {tool} are {names}, of olist run {columns}")
            if collections.Counter(str(row[0]) for row in theirs.elements()) != dates:
                stop(f"{table}: {tool} has other numbers of rows by date than olist run")
            if theirs != ours:
                differing = f"{(ours - theirs).total()} rows of olist run, {(theirs - ours).total()} of {tool}"
                stop(f"{table}: {differing} are not in the other")


def main(olist, origin):
    olist = os.path.abspath(olist)
    with tempfile.TemporaryDirectory() as place:
        loaded = f"{place}/loaded.duckdb"
        origin = origin if origin == "--sample" else os.path.abspath(origin)
        call([olist, "ingest", origin], REPOSITORY, OLIST_DATABASE=loaded)
        partitions = {table: partition(olist, loaded, table) for table in TABLES}
        tools = {
            "olist run": ([olist, *RUN], REPOSITORY, lambda *_: None),
            "dbt microbatch": (DBT, f"{place}/dbt", dbt_project),
            "SQLMesh": (SQLMESH, f"{place}/sqlmesh", sqlmesh_project),
        }
        databases = {tool: f"{place}/{number}/warehouse.duckdb" for number, tool in enumerate(tools)}
        for tool, (_, folder, project) in tools.items():
            # Parsing once, and SQLMesh's own tables, are no part of what is measured.
            os.makedirs(os.path.dirname(databases[tool]))
            copy(loaded, databases[tool])
            project(folder, databases[tool], partitions)
            copy(databases[tool], f"{databases[tool]}.fresh")
        times = {tool: [] for tool in tools}
        for number in range(ROUNDS):
            for tool, (command, folder, _) in tools.items():
                copy(f"{databases[tool]}.fresh", databases[tool])
                times[tool].append(timed(command, folder, databases[tool]))
            same_rows(databases)
            line = ", ".join("{} {:.2f} s ({:.2f} s of CPU)".format(tool, *times[tool][-1]) for tool in tools)
            print(f"round {number + 1}: {line}", flush=True)
    print(f"{len(TABLES) * len(DATES)} partitions, the same rows; medians of {ROUNDS} rounds, and beside olist run")
    medians = {tool: [statistics.median(part) for part in zip(*measured)] for tool, measured in times.items()}
    for tool, (wall, cpu) in medians.items():
        own_wall, own_cpu = medians["olist run"]
        print(f"  {tool:<16} {wall:6.2f} s {wall / own_wall:6.2f}   {cpu:6.2f} s of CPU {cpu / own_cpu:6.2f}")


main(*sys.argv[1:])
