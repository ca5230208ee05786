"""Normalisations in one pass, which every processor rounds alike."""

import tensorflow as tf
from keras import layers


class BatchNormalization(layers.BatchNormalization):
    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        usual = self.center and self.scale and self.axis in (-1, len(inputs.shape) - 1) and len(inputs.shape) in (2, 4)
        if not usual or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        if not training:
            scale = self.gamma * over_root(self.moving_variance + self.epsilon)
            return inputs * scale + (self.beta - self.moving_mean * scale)
        rows = inputs if len(inputs.shape) == 4 else inputs[:, tf.newaxis, tf.newaxis, :]
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(rows, self.gamma, self.beta, epsilon=self.epsilon)
        # The kernel estimates the population's variance from the batch; Keras tracks the batch's own.
        count = tf.cast(tf.size(rows) // rows.shape[-1], variance.dtype)
        for kept, new in ((self.moving_mean, mean), (self.moving_variance, variance * (count - 1) / count)):
            kept.assign(kept * self.momentum + new * (1 - self.momentum))
        return tf.reshape(outputs, tf.shape(inputs))


class GroupNormalization(layers.GroupNormalization):
    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if self.groups != 1 or self.center or self.scale:
            return super().call(inputs)
        mean, variance = tf.nn.moments(inputs, list(range(1, len(inputs.shape))), keepdims=True)
        scale = over_root(variance + self.epsilon)
        return inputs * scale - mean * scale


def over_root(value: tf.Tensor) -> tf.Tensor:
    """1 / √value. TensorFlow makes a division by a root its `rsqrt`, which begins with an estimate that processors of
    each maker find their own way; of this kind of division it makes nothing else."""
    return tf.math.divide_no_nan(1.0, tf.sqrt(value))


FAST = {layers.BatchNormalization: BatchNormalization, layers.GroupNormalization: GroupNormalization}
PLAIN = {fast: plain for plain, fast in FAST.items()}


def fast(layer: layers.Layer) -> layers.Layer:
    return FAST.get(type(layer), type(layer)).from_config(layer.get_config())


def plain(layer: layers.Layer) -> layers.Layer:
    """As Keras knows it, so that whoever loads the model needs nothing of this project."""
    return PLAIN.get(type(layer), type(layer)).from_config(layer.get_config())
