"""The evidence: intervals, paired tests and verdicts over seeds and test images.

Numbers go in and numbers come out; `report` writes them for people.
"""
