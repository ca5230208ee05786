"""A mistake that a person can act on: said in one line, never as a traceback."""


class UserError(Exception):
    pass


def reason(error: BaseException) -> str:
    """In one line."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__
