"""One frozen `Audit` turned into files: HTML for people, CSV for everything else."""
