"""params.yaml: its sections, how they are read and checked, and the hyperparameters that all families share.

It knows neither families nor objectives; `stages.check` passes them in.
"""
