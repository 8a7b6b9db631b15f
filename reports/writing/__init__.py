"""Writes the files of a report and swaps them into place."""
