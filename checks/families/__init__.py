"""The checks, one package for each subject."""
