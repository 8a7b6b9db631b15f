"""The version of azml-audit. The build reads it from here."""

VERSION = "0.2.0"
