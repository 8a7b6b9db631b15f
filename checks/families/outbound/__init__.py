"""OBR: the outbound rules of the managed network."""
