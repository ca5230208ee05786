"""Evaluation of models: metrics per image, calibration, corrupted images, operations, and the objective that selects
models.
"""
