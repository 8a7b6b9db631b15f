"""The contract of the tables that checks read: columns, types, three-valued reading, hub values."""
