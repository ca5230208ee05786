"""Networks: a file for each family, built, saved as .keras files, and run by TensorFlow, which starts here.

Nothing here trains them.
"""
