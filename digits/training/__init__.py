"""Training: `trainer` trains one model from a configuration and images, and can stop after any epoch.

`pool` schedules many trainings on all cores or on a cluster.
"""
