"""The families of models: each module here is one, with its `Hyperparameters` and its network (`body`)."""

from importlib import import_module
from pkgutil import iter_modules

from digits.common.errors import UserError, reason
from digits.models.recipe import Recipe

NAMES = tuple(sorted(module.name for module in iter_modules(__path__)))


def hyperparameters(family: str) -> type[Recipe]:
    """Imports that family alone, so that a training does not depend on the others' code."""
    if family not in NAMES:
        raise UserError(f"{family} is not a family; there are {', '.join(NAMES)} (a file each in digits/families/)")
    file = f"digits/families/{family}.py"
    try:
        module = import_module(f"digits.families.{family}")
    except Exception as error:  # it is anybody's code
        raise UserError(f"{file} cannot be imported ({reason(error)})") from None
    kind = getattr(module, "Hyperparameters", None)
    if not (isinstance(kind, type) and issubclass(kind, Recipe)):
        raise UserError(f"{file} has no class Hyperparameters(Recipe); see docs/own-network.md")
    if not callable(getattr(module, "body", None)):
        raise UserError(f"{file} has no function body(recipe, inputs); see docs/own-network.md")
    return kind
