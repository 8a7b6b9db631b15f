"""Encode the files of a report, write them and swap them into place."""
