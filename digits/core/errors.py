"""Errors that a user can correct. They are printed in one line, without a traceback."""


class UserError(Exception):
    pass


def reason(error: BaseException) -> str:
    """Return the message's first line, or its last line where TensorFlow begins with a stack trace."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("\t [[")]
    if not lines:
        return type(error).__name__
    return lines[-1] if lines[0] == "Graph execution error:" else lines[0]
