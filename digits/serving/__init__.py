"""Predictions for new pictures: a trained model from wherever it is, and the `predict` command."""
