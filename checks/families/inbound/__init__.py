"""NET and PEP: who may reach the workspace."""
