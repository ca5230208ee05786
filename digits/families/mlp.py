"""Flatten, then layers × (Dense, BatchNorm, ReLU, Dropout)."""

from keras import layers

from digits.params.mlp import Mlp as Hyperparameters

__all__ = ["Hyperparameters", "body"]


def body(chosen: Hyperparameters, _shape: tuple[int, int, int]) -> list[layers.Layer]:
    stack: list[layers.Layer] = [layers.Flatten()]
    for _ in range(chosen.layers):
        stack.append(layers.Dense(chosen.units, use_bias=not chosen.batch_norm))
        if chosen.batch_norm:
            stack.append(layers.BatchNormalization())
        stack += [layers.ReLU(), layers.Dropout(chosen.dropout)]
    return stack
