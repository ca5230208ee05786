"""A mistake that a person can act on: said in one line, never as a traceback."""


class UserError(Exception):
    pass
