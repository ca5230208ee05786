"""Batch and group normalization in one pass, with the same rounding on every processor."""

import tensorflow as tf
from keras import layers


class BatchNormalization(layers.BatchNormalization):
    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        n_dims = len(inputs.shape)
        is_supported = self.center and self.scale and self.axis in (-1, n_dims - 1) and n_dims in (2, 4)
        if not is_supported or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        if not training:
            scale = self.gamma * portable_rsqrt(self.moving_variance + self.epsilon)
            return inputs * scale + (self.beta - self.moving_mean * scale)
        inputs_4d = inputs if n_dims == 4 else inputs[:, tf.newaxis, tf.newaxis, :]
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs_4d, self.gamma, self.beta, epsilon=self.epsilon
        )
        # The kernel returns the unbiased variance; Keras tracks the biased one.
        count = tf.cast(tf.size(inputs_4d) // inputs_4d.shape[-1], variance.dtype)
        batch_statistics = mean, variance * (count - 1) / count
        for moving, batch in zip((self.moving_mean, self.moving_variance), batch_statistics, strict=True):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return tf.reshape(outputs, tf.shape(inputs))


class GroupNormalization(layers.GroupNormalization):
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if self.groups != 1 or self.center or self.scale:
            return super().call(inputs)
        mean, variance = tf.nn.moments(inputs, list(range(1, len(inputs.shape))), keepdims=True)
        scale = portable_rsqrt(variance + self.epsilon)
        return inputs * scale - mean * scale


def portable_rsqrt(value: tf.Tensor) -> tf.Tensor:
    """Return 1 / √value with the same rounding on every processor.

    TensorFlow rewrites `1 / sqrt(value)` to `rsqrt`, which starts from an estimate that differs between processors of
    different makers. It does not rewrite `divide_no_nan`.
    """
    return tf.math.divide_no_nan(1.0, tf.sqrt(value))


PORTABLE_CLASSES = {
    layers.BatchNormalization: BatchNormalization,
    layers.GroupNormalization: GroupNormalization,
}
KERAS_CLASSES = {portable_class: keras_class for keras_class, portable_class in PORTABLE_CLASSES.items()}


def portable_layer(layer: layers.Layer) -> layers.Layer:
    """Copy a layer; a normalization becomes this module's, which rounds in the same way on every processor."""
    return PORTABLE_CLASSES.get(type(layer), type(layer)).from_config(layer.get_config())


def keras_layer(layer: layers.Layer) -> layers.Layer:
    """Copy a layer as a layer of Keras, so that a saved model loads without this project."""
    return KERAS_CLASSES.get(type(layer), type(layer)).from_config(layer.get_config())
