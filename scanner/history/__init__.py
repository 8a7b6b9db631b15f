"""Read the history of an archive: list its runs, verify their chain, and count what opened and closed."""
