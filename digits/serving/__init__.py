"""Predictions for new images: load a trained model from the project, a file or MLflow; the `predict` command."""
