"""The LoggedModels of an experiment in MLflow 3, as its champion and its scorings know them."""

import logging
import sys
import warnings

import mlflow
from mlflow import MlflowClient

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
uri, name = sys.argv[1:3]
mlflow.set_tracking_uri(uri)
client = MlflowClient()
experiment = client.get_experiment_by_name(name)
found = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
champion = client.get_model_version_by_alias(name, "champion")
model = mlflow.get_logged_model(champion.source.removeprefix("models:/"))
training = client.get_run(champion.run_id)
# A search gives runs without the models that went into them.
scorings = [
    client.get_run(run.info.run_id)
    for run in client.search_runs([experiment.experiment_id])
    if run.data.tags["olist.kind"] == "scores"
]
print("models", len(found), {str(m.status) for m in found}, model.name, model.model_type)
print("version", champion.source == f"models:/{model.model_id}", model.model_id in [m.model_id for m in found])
print("source", model.source_run_id == champion.run_id, [m.model_id for m in training.outputs.model_outputs] == [model.model_id])
print("params", model.params == training.data.params, model.params["candidate"])
history = {
    (m.key, m.step, m.value) for key in training.data.metrics for m in client.get_metric_history(champion.run_id, key)
}
print("metrics", {(m.key, m.step, m.value) for m in model.metrics} == history, len(model.metrics) == len(history) > 10)
print("found", len(mlflow.search_logged_models([experiment.experiment_id], "metrics.mean_roc_auc > 0.5", output_format="list")))
print("scored", [[m.model_id for m in run.inputs.model_inputs] == [model.model_id] for run in scorings])
for place in (f"models:/{model.model_id}", f"models:/{name}@champion", f"runs:/{champion.run_id}/model"):
    loaded = mlflow.pyfunc.load_model(place)
    print("loaded", loaded.metadata.model_id == loaded.model_id == model.model_id)
files = [f.path for f in client.list_artifacts(champion.run_id)]
print("files", "model" in files, sorted(f.path for f in client.list_logged_model_artifacts(model.model_id))[:2])
