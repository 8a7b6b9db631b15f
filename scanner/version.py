"""The version of the tool, said once."""

VERSION = "0.1.0"
