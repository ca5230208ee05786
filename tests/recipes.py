"""Hyperparameters that train in a second, and training configurations with them."""

from digits.config.recipe import Recipe
from digits.config.schema import Runtime
from digits.models.families.cnn import Hyperparameters as Cnn
from digits.models.families.mlp import Hyperparameters as Mlp
from digits.training.jobs import TrainingConfig

STEPS = {"optimizer": "adam", "learning_rate": 0.001, "schedule": "constant", "weight_decay": 0.0, "batch_size": 32}
MOVES = {"shift": 0.1, "rotate": 10.0, "zoom": 0.1, "shear": 0.1}
PIXELS = {"noise": 0.4, "blur": 0.08, "contrast": 0.8, "brightness": 0.5, "erase": 0.4}
AUGMENTED = MOVES | PIXELS
PLAIN = STEPS | {"label_smoothing": 0.0, "standardize": False} | dict.fromkeys(AUGMENTED, 0.0)
CNN = Cnn(
    blocks=2, convolutions=1, filters=32, kernel=3, stem_stride=1, batch_norm=False, dense=128, dropout=0.5, **PLAIN
)
RUNTIME = Runtime(threads=1, onednn=True, instruction_set="avx2")
MLP = Mlp(layers=1, units=32, batch_norm=True, dropout=0.2, **PLAIN)


def config(recipe: Recipe = MLP, epochs: int = 2, seed: int = 1) -> TrainingConfig:
    family = "cnn" if isinstance(recipe, Cnn) else "mlp"
    return TrainingConfig(family, recipe, epochs, seed, n_classes=4, runtime=RUNTIME)
