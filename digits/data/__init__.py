"""Images: downloaded, read from files, checked, split, corrupted, and preprocessed where they come from elsewhere.

Everything else gets them as `Split`s of uint8 arrays.
"""
