"""A family's hyperparameters by its name, without its network."""

from importlib import import_module

from digits.models.recipe import Recipe


def hyperparameters(family: str) -> type[Recipe]:
    return getattr(import_module(f"digits.params.{family}"), family.capitalize())
