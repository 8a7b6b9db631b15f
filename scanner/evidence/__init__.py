"""Evidence: bundles that are sealed, signed, stamped with a time, verified and replayed."""
