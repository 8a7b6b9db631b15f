"""MVN: the managed virtual network and its provisioning."""
