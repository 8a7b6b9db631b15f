"""Read Azure, tabulate its answers and run audits from the command line."""
