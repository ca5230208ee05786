"""What every other package stands on: files, paths, errors, progress, git and the process.

It knows nothing of images, models or this pipeline's parameters.
"""
