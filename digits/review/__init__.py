"""Compares two revisions of the project for a pull request.

Verdicts, parameters, code, cost and figures that differ make one page.
"""
