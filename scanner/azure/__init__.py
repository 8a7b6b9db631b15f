"""Asks Azure Resource Manager.

`arm` sends a question through the `pipeline`: a guard against writes, the deadline, retries, `pacing`, sign-in
(`challenges`) and `transport`. `throttling` keeps the waits after a 429. `clouds`, `credentials` and `identity`
describe where the scanner asks and as whom.
"""
