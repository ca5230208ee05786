"""The search for hyperparameters: Keras Tuner's oracles or successive halving propose trials, the pool trains them.

It uses training and validation images only.
"""
