"""`trainer` trains one model from a configuration and images, and can stop after any epoch.

`pool` schedules many such trainings on all cores or a cluster.
"""
