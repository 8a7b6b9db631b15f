"""Sources for what people already have without our access: exports in files, translated into ARM's shape."""
