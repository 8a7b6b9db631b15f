"""The published tables: their schema, and how they are built from an audit."""
