"""Images: download, read, validate, split, corrupt and preprocess them.

Other packages get images as `Split`s of uint8 arrays.
"""
