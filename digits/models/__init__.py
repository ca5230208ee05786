"""Networks: the families (one file each), building, .keras files, and starting TensorFlow.

Training is in digits/training.
"""
