"""Parse and compose policies, judge findings by them, and score the result."""
