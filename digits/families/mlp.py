"""Flatten, then layers × (Dense, BatchNorm, ReLU, Dropout)."""

from keras import layers

from digits.params.mlp import Mlp as Hyperparameters

__all__ = ["Hyperparameters", "body"]


def body(chosen: Hyperparameters, shape: tuple[int, int, int]) -> list[layers.Layer]:
    stack: list[layers.Layer] = [layers.Flatten()]
    for _ in range(chosen.layers):
        stack += [layers.Dense(chosen.units, use_bias=not chosen.batch_norm)]
        stack += [layers.BatchNormalization()] if chosen.batch_norm else []
        stack += [layers.ReLU(), layers.Dropout(chosen.dropout)]
    return stack
