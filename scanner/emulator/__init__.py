"""An emulator of the part of Azure Resource Manager that the scanner reads, for demo, tests and benchmarks.

It is not Azure: it listens on loopback only, holds invented tenants, changes nothing and proves nothing
about any real subscription.
"""
