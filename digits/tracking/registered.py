"""A model of MLflow's registry, to be asked about images: models:/digits@champion."""

from collections.abc import Callable
from dataclasses import dataclass

import mlflow
import numpy as np
from mlflow.exceptions import MlflowException

from digits.common.errors import UserError, reason
from digits.models.runtime import held_back_stderr
from digits.tracking import environment
from digits.tracking.store import connect, where

CHANCE = "p_"


@dataclass(frozen=True)
class Registered:
    classes: tuple[str, ...]
    ask: Callable[[np.ndarray], np.ndarray]


def load(uri: str) -> Registered:
    environment.start()
    try:
        connect()
        with held_back_stderr():  # TensorFlow starts
            model = mlflow.pyfunc.load_model(uri)
    except (MlflowException, OSError) as error:
        raise UserError(f"{uri} cannot be loaded from MLflow at {where()} ({reason(error)})") from None
    columns = [name for name in model.metadata.signature.outputs.input_names() if name.startswith(CHANCE)]
    return Registered(
        tuple(name.removeprefix(CHANCE) for name in columns),
        lambda images: model.predict(images)[columns].to_numpy(),
    )
