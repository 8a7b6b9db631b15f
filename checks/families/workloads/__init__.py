"""CMP and END: computes and endpoints."""
