"""Helpers for every other package: files, paths, errors, progress, git and the process.

They are independent of images, models and params.yaml.
"""
