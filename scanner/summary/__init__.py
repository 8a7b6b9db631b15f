"""The end of an audit on the terminal: at most 24 lines."""
