"""The comparison of two audits as files, and as the pages and the terminal show it."""
