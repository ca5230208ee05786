"""MLflow: what the pipeline produced, written so that nothing is written twice, and the registry with its champion.

The only package that imports MLflow.
"""
