"""Pure functions on hosts, ports, address prefixes, service tags and targets, without frames."""
