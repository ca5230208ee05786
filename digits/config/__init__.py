"""params.yaml: its sections, loading and validation, and the hyperparameters that all families share.

`stages.check` passes in the families and objectives, which this package does not import.
"""
