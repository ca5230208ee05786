"""Run git."""

import subprocess

from digits.core.errors import UserError


def git(*arguments: str) -> str:
    """Return what `git` with these arguments prints."""
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"git cannot be run ({error})") from None
    if result.returncode:
        raise UserError(f"git {arguments[0]}: {result.stderr.strip().partition(chr(10))[0] or 'failed'}")
    return result.stdout.strip()
