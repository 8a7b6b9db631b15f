"""Pure functions about hosts, ports, address prefixes and service tags. No frames."""
