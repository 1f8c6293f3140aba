"""All that MLflow holds of the experiments that start with a prefix, without what differs from time to time."""

import hashlib
import json
import os
import sys
import tempfile

from mlflow import MlflowClient
from mlflow.entities import ViewType

uri, prefix = sys.argv[1:3]
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
client = MlflowClient(uri)


def files(run_id):
    with tempfile.TemporaryDirectory() as folder:
        client.download_artifacts(run_id, "", folder)
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                yield os.path.relpath(path, folder), digest


state = {}
names = {}
for experiment in client.search_experiments(view_type=ViewType.ALL):
    if not experiment.name.startswith(prefix + "."):
        continue
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000)
    for run in runs:
        names[run.info.run_id] = run.data.tags["olist.key"]
    assert len(set(names.values())) == len(names), "a key stands on two runs"
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
            "files": dict(sorted(files(run.info.run_id))),
        }
for model in client.search_registered_models():
    versions = client.search_model_versions(f"name='{model.name}'")
    state[model.name.removeprefix(prefix)] = {
        "about": model.description,
        "aliases": client.get_registered_model(model.name).aliases,
        "versions": {
            v.version: [names[v.run_id], v.status, v.description, dict(v.tags)]
            for v in versions if v.run_id in names
        },
    }
print(json.dumps(state, sort_keys=True, indent=1))
