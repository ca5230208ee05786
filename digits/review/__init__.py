"""Compare two revisions of the project for a pull request.

One page shows verdicts, and the differences in parameters, code, cost and figures.
"""
