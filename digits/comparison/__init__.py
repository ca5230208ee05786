"""Intervals, paired tests and verdicts over seeds and test images.

This package computes numbers; `digits.report` formats them.
"""
