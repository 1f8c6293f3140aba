"""All that MLflow holds of the experiments that start with a prefix, without what differs from time to time."""

import hashlib
import json
import os
import sys
import tempfile

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

uri, prefix = sys.argv[1:3]
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
mlflow.set_tracking_uri(uri)
client = MlflowClient()


def files(without=None, **place):
    """Digests of the files at a place, but for an id that is in them."""
    with tempfile.TemporaryDirectory() as folder:
        mlflow.artifacts.download_artifacts(dst_path=folder, **place)
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as file:
                    content = file.read().replace(without.encode(), b"ID") if without else file.read()
                yield os.path.relpath(path, folder), hashlib.sha256(content).hexdigest()


state = {}
names = {}
model_names = {}
for experiment in client.search_experiments(view_type=ViewType.ALL):
    if not experiment.name.startswith(prefix + "."):
        continue
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000)
    # A search gives runs without the models that went into them.
    runs = [client.get_run(run.info.run_id) for run in runs]
    for run in runs:
        names[run.info.run_id] = run.data.tags["olist.key"]
    assert len(set(names.values())) == len(names), "a key stands on two runs"
    models = client.search_logged_models([experiment.experiment_id])
    for model in models:
        model_names[model.model_id] = "model of " + names[model.source_run_id]
    assert len(set(model_names.values())) == len(model_names), "a run gave two models"
    for model in models:
        versions = json.loads(model.tags.pop("mlflow.modelVersions"))
        state[experiment.name.removeprefix(prefix) + " " + model_names[model.model_id]] = {
            "name": model.name,
            "type": model.model_type,
            "status": str(model.status),
            "tags": model.tags,
            "params": model.params,
            "metrics": sorted((m.key, m.step, m.timestamp, m.value, names[m.run_id]) for m in model.metrics),
            "files": dict(sorted(files(model.model_id, artifact_uri=f"models:/{model.model_id}"))),
            "versions": [version["version"] for version in versions],
        }
    for run in runs:
        tags = dict(run.data.tags)
        key = tags["olist.key"]
        if "mlflow.parentRunId" in tags:
            tags["mlflow.parentRunId"] = names[tags["mlflow.parentRunId"]]
        state[experiment.name.removeprefix(prefix) + " " + key] = {
            "name": run.info.run_name,
            "status": run.info.status,
            "stage": run.info.lifecycle_stage,
            "start": run.info.start_time,
            "end": run.info.end_time,
            "tags": tags,
            "params": {name: value.replace(f"/{prefix}.", "/.") for name, value in run.data.params.items()},
            "metrics": {
                name: sorted((m.step, m.timestamp, m.value) for m in client.get_metric_history(run.info.run_id, name))
                for name in run.data.metrics
            },
            "datasets": [
                (i.dataset.name, i.dataset.digest, i.dataset.source, i.dataset.schema, i.dataset.profile)
                for i in run.inputs.dataset_inputs
            ],
            "models in": [model_names[model.model_id] for model in run.inputs.model_inputs],
            "models out": [(model_names[model.model_id], model.step) for model in run.outputs.model_outputs],
            "files": dict(sorted(files(run_id=run.info.run_id, artifact_path=""))),
        }
for model in client.search_registered_models():
    versions = client.search_model_versions(f"name='{model.name}'")
    state[model.name.removeprefix(prefix)] = {
        "about": model.description,
        "aliases": client.get_registered_model(model.name).aliases,
        "versions": {
            v.version: [names[v.run_id], model_names[v.source.removeprefix("models:/")], v.status, v.description, dict(v.tags)]
            for v in versions if v.run_id in names
        },
    }
print(json.dumps(state, sort_keys=True, indent=1))
