"""params.yaml: its sections, loading and validation, and the hyperparameters that all families share.

The caller supplies families and objectives: `stages.check` passes them to `create_params_class`.
"""
