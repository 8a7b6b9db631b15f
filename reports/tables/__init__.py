"""The published tables: columns, types and how they are made from an audit."""
