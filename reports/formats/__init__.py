"""The formats of a report, one module each. The page has a package of its own."""
