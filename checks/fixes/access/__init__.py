"""The fixes of access to a workspace: public access, addresses and private endpoints."""
