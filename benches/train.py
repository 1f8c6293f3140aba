"""What training costs beside LightGBM and scikit-learn, on the same rows, inputs and folds.

    python3 -m venv learners && learners/bin/pip install duckdb==2.0.1 lightgbm scikit-learn pandas
    learners/bin/python benches/train.py target/release/olist FOLDER order_delay is_late 2018-06-01

FOLDER has an `olist.duckdb` with a run of that date, and is copied. The others fit a logistic regression and boosted trees with the
settings of the model's last version, once for each fold and once to all rows; `olist train` does both, and what else a training
is: it reads the rows, measures every candidate with intervals, weighs the inputs, writes a version. Prints seconds of CPU and mean
ROC AUC over the folds.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

import duckdb
import lightgbm
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

COLUMNS = "select inputs, settings from registry.models where model = ? order by version desc limit 1"
FOLDS = """
select distinct snapshot from registry.metrics as m
where model = $1 and snapshots > 0 and version = (select max(version) from registry.metrics where model = $1)
order by snapshot"""
AUC = """
select candidate, avg(value) from registry.metrics
where model = $1 and metric = 'roc_auc' and slice is null
    and version = (select max(version) from registry.metrics where model = $1)
group by candidate order by min(rowid)"""


def cpu(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def learners(boosting):
    shared = {"learning_rate": boosting["learning_rate"], "max_depth": boosting["max_depth"], "random_state": 0}
    return {
        "logistic, scikit-learn": make_pipeline(StandardScaler(), LogisticRegression(C=1 / 30, max_iter=1000)),
        "boosting, LightGBM": lightgbm.LGBMClassifier(
            n_estimators=boosting["trees"], num_leaves=2 ** boosting["max_depth"], subsample_freq=1, verbosity=-1,
            min_child_samples=boosting["min_samples_leaf"], subsample=boosting["subsample"], colsample_bytree=0.25, **shared,
        ),
        "boosting, scikit-learn": HistGradientBoostingClassifier(
            max_iter=boosting["trees"], min_samples_leaf=boosting["min_samples_leaf"], max_features=0.25,
            early_stopping=False, **shared,
        ),
    }


def rows(olist, database, model):
    """The model's SELECT at every date of its ABT."""
    parts = []
    with duckdb.connect(database, read_only=True) as warehouse:
        inputs, settings = warehouse.execute(COLUMNS, [model]).fetchone()
        folds = [row[0] for row in warehouse.execute(FOLDS, [model]).fetchall()]
        measured = warehouse.execute(AUC, [model]).fetchall()
        dates = warehouse.sql(f"select distinct reference_date from abt.{model} order by all").fetchall()
        for (date,) in dates:
            sql = olist("render", f"models/{model}.sql", "--date", str(date))
            parts.append(warehouse.sql(sql).df().assign(reference_date=pandas.Timestamp(date)))
    parts = pandas.concat(parts, ignore_index=True)
    boosting = next(part for part in json.loads(settings)["parts"] if part["algorithm"] == "gradient_boosting")
    return parts, inputs, boosting, [pandas.Timestamp(fold) for fold in folds], measured


def main(program, folder, model, label, as_of):
    program = os.path.abspath(program)
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(folder, place, dirs_exist_ok=True)

        def olist(*arguments):
            return subprocess.run([program, *arguments], cwd=place, check=True, capture_output=True, text=True).stdout

        before = cpu(resource.RUSAGE_CHILDREN)
        olist("train", model, "--as-of", as_of)
        own = cpu(resource.RUSAGE_CHILDREN) - before
        data, inputs, boosting, folds, measured = rows(olist, f"{place}/olist.duckdb", model)
    print(f"olist train {model}, all of it: {own:.1f} s of CPU;", ", ".join(f"{name} {auc:.4f}" for name, auc in measured))
    x, y, date, known = data[inputs].astype(float), data[label], data.reference_date, data.label_known_on
    for name, learner in learners(boosting).items():
        aucs, before = [], cpu(resource.RUSAGE_SELF)
        for fold in [*folds, pandas.Timestamp(as_of)]:
            seen = (date < fold) & (known <= fold) & y.notna()
            learner.fit(x[seen], y[seen].astype(int))
            if fold in folds:
                test = (date >= fold) & (date < fold + pandas.offsets.MonthBegin(1)) & y.notna()
                aucs.append(roc_auc_score(y[test].astype(int), learner.predict_proba(x[test])[:, 1]))
        used = cpu(resource.RUSAGE_SELF) - before
        print(f"{name}: {used:.1f} s of CPU; {sum(aucs) / len(aucs):.4f}")


main(*sys.argv[1:])
