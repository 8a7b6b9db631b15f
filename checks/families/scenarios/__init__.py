"""SCN: what people do in a workspace and whether its network lets them."""
