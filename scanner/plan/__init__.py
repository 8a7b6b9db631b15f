"""From the fixes of single findings to a plan: ranked, merged, put in order, and written as a shell script."""
