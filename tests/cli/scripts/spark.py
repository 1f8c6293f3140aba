"""Runs the SELECTs of plan.json on DuckDB and on Spark, and compares them row by row."""

import datetime
import decimal
import json
import math
import sys

import duckdb
import pyarrow.parquet
from pyspark.sql import SparkSession
from pyspark.sql import functions

with open("plan.json", encoding="utf-8") as file:
    plan = json.load(file)
database = duckdb.connect(sys.argv[1])
builder = SparkSession.builder.master("local[2]")
own = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.log.level": "OFF"}
for key, value in {**own, **plan["settings"]}.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()


def same(x, y):
    """Numbers within 1e-9 of each other; a day is the timestamp of its midnight."""
    if x is None or y is None:
        return x is y
    if isinstance(x, (int, float, decimal.Decimal)) and isinstance(y, (int, float, decimal.Decimal)):
        x, y = float(x), float(y)
        if math.isnan(x) or math.isnan(y):
            return math.isnan(x) and math.isnan(y)
        return x == y or abs(x - y) <= 1e-9 * max(abs(x), abs(y))
    if isinstance(x, datetime.datetime) and isinstance(y, datetime.datetime):
        return x.replace(tzinfo=None) == y.replace(tzinfo=None)
    return x == y or str(x).replace(" 00:00:00", "") == str(y).replace(" 00:00:00", "")


def rows(table):
    return list(zip(*[column.to_pylist() for column in table.columns]))


def differs(step):
    expected = database.execute(step["duckdb"]).to_arrow_table()
    frame = spark.sql(step["spark"])
    if "view" in step:
        # What is made of it reads it as it was written.
        path = "made/" + step["view"]
        frame.write.mode("overwrite").parquet(path)
        frame = spark.read.parquet(path)
        date = functions.lit(step["date"]).cast("date").alias("reference_date")
        frame.select(date, "*").createOrReplaceTempView(step["view"])
    made = frame.toArrow()
    if made.column_names != expected.column_names:
        return f"columns {made.column_names}, expected {expected.column_names}"
    # Fractions may differ in their last digits, so the others say which row is which.
    exact = [
        at
        for at, kind in enumerate(expected.schema.types)
        if not pyarrow.types.is_floating(kind) and not pyarrow.types.is_decimal(kind)
    ]
    one, other = rows(expected), rows(made)
    if not step.get("is_ordered"):
        one.sort(key=lambda row: [str(row[at]) for at in exact])
        other.sort(key=lambda row: [str(row[at]) for at in exact])
    if len(one) != len(other):
        return f"{len(other)} rows, expected {len(one)}"
    for left, right in zip(one, other):
        for name, x, y in zip(expected.column_names, left, right):
            if not same(x, y):
                return f"{name} is {y!r}, expected {x!r}, in {left}"
    return None


for name, engine, sql in plan["views"] or []:
    if engine == "spark":
        spark.sql(sql).createOrReplaceTempView(name)
    else:
        database.execute(f"copy ({sql}) to '{name}.parquet' (format parquet)")
        spark.read.parquet(f"{name}.parquet").createOrReplaceTempView(name)
for step in plan["steps"]:
    try:
        found = differs(step)
    except Exception as error:
        found = str(error).split("\n\nJVM")[0][:1000].replace("\n", " ")
    print("ok" if found is None else f"DIFFERS: {found}", step["name"].replace("\n", " ")[:100], flush=True)
