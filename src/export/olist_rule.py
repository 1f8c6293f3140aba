"""Loads a rule of `olist`, a SELECT over the rows of a data frame, as a model of MLflow."""

import pathlib

import duckdb


class Rule:
    def __init__(self, sql):
        self.sql = sql

    def predict(self, frame, params=None):
        with duckdb.connect() as conn:
            conn.register("frame", frame)
            return conn.execute(self.sql).df()


def _load_pyfunc(path):
    return Rule(pathlib.Path(path).read_text(encoding="utf-8"))
