"""A mistake that a person can act on: said in one line, never as a traceback."""


class UserError(Exception):
    pass


def reason(error: BaseException) -> str:
    """In one line: the first, or where TensorFlow begins with a stack, the last."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("\t [[")]
    if not lines:
        return type(error).__name__
    return lines[-1] if lines[0] == "Graph execution error:" else lines[0]
