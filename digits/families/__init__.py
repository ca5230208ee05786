"""The families of models: each module here is one, with its `Hyperparameters` and its layers (`body`)."""

from importlib import import_module
from pkgutil import iter_modules

from digits.common.errors import UserError
from digits.models.recipe import Recipe

NAMES = tuple(sorted(module.name for module in iter_modules(__path__)))


def hyperparameters(family: str) -> type[Recipe]:
    """Imports that family alone, so that a training does not depend on the others' code."""
    if family not in NAMES:
        raise UserError(f"{family} is no family; there is {', '.join(NAMES)} (a module of digits/families each)")
    return import_module(f"digits.families.{family}").Hyperparameters
