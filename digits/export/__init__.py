"""Export the best models to formats for use elsewhere.

Each file is loaded again and its predictions are compared with those of the trained model.
"""
