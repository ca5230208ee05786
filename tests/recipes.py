"""Recipes that train in no time, and their trainings."""

from digits.families.cnn import Hyperparameters as Cnn
from digits.families.mlp import Hyperparameters as Mlp
from digits.models.recipe import Recipe
from digits.params.schema import Runtime
from digits.training.jobs import TrainingConfig

STEPS = {"optimizer": "adam", "learning_rate": 0.001, "schedule": "constant", "weight_decay": 0.0, "batch_size": 32}
PLAIN = STEPS | {"label_smoothing": 0.0, "shift": 0.0, "rotate": 0.0, "zoom": 0.0, "shear": 0.0}
CNN = Cnn(
    blocks=2, convolutions=1, filters=32, kernel=3, stem_stride=1, batch_norm=False, dense=128, dropout=0.5, **PLAIN
)
MLP = Mlp(layers=1, units=32, batch_norm=True, dropout=0.2, **PLAIN)
AUGMENTED = {"shift": 0.1, "rotate": 10.0, "zoom": 0.1, "shear": 0.1}


def config(recipe: Recipe = MLP, epochs: int = 2, seed: int = 1) -> TrainingConfig:
    family, machine = "cnn" if isinstance(recipe, Cnn) else "mlp", Runtime(threads=1, onednn=True)
    return TrainingConfig(family, recipe, epochs, seed, classes=4, runtime=machine)
