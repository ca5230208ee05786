"""Log the pipeline's results to MLflow, each once, and register the champion.

This is the only package that imports MLflow.
"""
