"""What a model is measured by: metrics of each image, calibration, corrupted images, operations, and the objective
that chooses between models. Probabilities go in, numbers come out.
"""
