"""Reports for people: tables, the model card, the results in README.md and figures.

No verdict depends on anything computed here.
"""
