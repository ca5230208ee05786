"""The families of networks. Each module here is one family, with its `Hyperparameters` and its `body`."""

from importlib import import_module
from inspect import signature
from pkgutil import iter_modules
from types import ModuleType

from digits.config.recipe import Recipe
from digits.core.errors import UserError, reason

NAMES = tuple(sorted(module.name for module in iter_modules(__path__)))


def load(family: str) -> ModuleType:
    """Import this family only, so that a training does not depend on the code of other families."""
    return import_module(f"{__name__}.{family}")


def hyperparameters(family: str) -> type[Recipe]:
    """Return the family's class `Hyperparameters`. An error in its file becomes one line."""
    if family not in NAMES:
        raise UserError(
            f"{family} is not a family; families are {', '.join(NAMES)} (one file each in digits/models/families/)"
        )
    file = f"digits/models/families/{family}.py"
    try:
        module = load(family)
        recipe_class = getattr(module, "Hyperparameters", None)
        is_recipe = isinstance(recipe_class, type) and issubclass(recipe_class, Recipe)
        if is_recipe:
            recipe_class.model_rebuild()  # resolves types that are written as strings
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        raise UserError(f"{file} cannot be imported ({reason(error)})") from None
    if not is_recipe:
        raise UserError(f"{file} has no class Hyperparameters(Recipe); see docs/own-network.md")
    try:
        signature(module.body).bind("recipe", "inputs")  # a TypeError unless `body` accepts two arguments
    except (AttributeError, TypeError):
        raise UserError(f"{file} has no function body(recipe, inputs); see docs/own-network.md") from None
    return recipe_class
