"""The largest difference between what a model of MLflow gives and what stands in a table of scores."""

import logging
import sys
import warnings

import duckdb
import mlflow

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
uri, model, inputs, scores, key = sys.argv[1:6]
mlflow.set_tracking_uri(uri)
model = mlflow.pyfunc.load_model(model)
conn = duckdb.connect("olist.duckdb", read_only=True)
frame = conn.execute(inputs).df()
inputs = model.metadata.get_input_schema()
given = model.predict(frame.astype(dict(zip(inputs.input_names(), inputs.pandas_types()))))
given[key] = frame[key].values
both = conn.execute(scores).df().merge(given, on=key, suffixes=("", "_given"))
assert len(both) == len(frame) > 0, (len(both), len(frame))
measure = "score" if "score" in both else "distance"
if measure == "distance":
    assert (both.segment == both.segment_given).all()
    assert (both.segment_name == both.segment_name_given).all()
print(abs(both[measure] - both[measure + "_given"]).max())
