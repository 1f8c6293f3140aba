"""Takes the registered models away, so that the next ones start at version 1."""

import sys

from mlflow import MlflowClient

client = MlflowClient(sys.argv[1])
for model in client.search_registered_models():
    client.delete_registered_model(model.name)
