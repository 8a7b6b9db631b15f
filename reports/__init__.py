"""Turn one frozen `Audit` into files. `formats.registry` lists the formats."""
