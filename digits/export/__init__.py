"""The best models in formats for use elsewhere.

Each file is reloaded and compared with the model it was made from.
"""
