"""What git says."""

import subprocess

from digits.core.errors import UserError


def git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"git cannot be run ({error})") from None
    if done.returncode:
        raise UserError(f"git {arguments[0]}: {done.stderr.strip().partition(chr(10))[0] or 'failed'}")
    return done.stdout.strip()
