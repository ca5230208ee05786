"""The search for hyperparameters: Keras Tuner's oracles or successive halving propose trials, and the pool trains
them. It sees training and validation images only.
"""
