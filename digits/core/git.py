"""Calls of git, whose errors become one line."""

import subprocess

from digits.core.errors import UserError


def git(*arguments: str) -> str:
    """Return the output of `git` with these arguments."""
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"git cannot be run ({error})") from None
    if result.returncode:
        first_line = next(iter(result.stderr.strip().splitlines()), "failed")
        raise UserError(f"git {arguments[0]}: {first_line}")
    return result.stdout.strip()
