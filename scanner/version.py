"""The version of azml-audit. The build reads it from here."""

VERSION = "0.1.0"
