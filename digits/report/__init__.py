"""What people read: tables, the model card, README's results and figures.

It computes nothing that a verdict rests on.
"""
