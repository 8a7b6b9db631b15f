"""The command line: options and one module for each group of commands."""
