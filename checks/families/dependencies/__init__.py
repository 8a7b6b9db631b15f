"""RES: the storage account, key vault, registry and insights behind a workspace."""
