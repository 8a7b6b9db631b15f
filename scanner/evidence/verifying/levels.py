"""The assurance levels of a verified bundle, in words."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """The parties that vouch for a bundle. A higher level includes that the bundle agrees with itself."""

    CONSISTENT = "consistent"
    ANCHORED = "anchored"
    SIGNED = "signed"
    SIGNED_AND_TIMESTAMPED = "signed and timestamped"

    @property
    def meaning(self) -> str:
        """The level in a sentence."""
        return _MEANINGS[self]

    @property
    def is_vouched_for(self) -> bool:
        """Return whether the holder of a trusted key vouches for the bundle."""
        return self in (Level.SIGNED, Level.SIGNED_AND_TIMESTAMPED)

    @property
    def rank(self) -> int:
        """The place of the level, the lowest first."""
        return list(Level).index(self)


_MEANINGS = {
    Level.CONSISTENT: "it agrees with itself, and nobody vouches for it",
    Level.ANCHORED: "it is the bundle with the given root digest",
    Level.SIGNED: "the holder of a key that you trust sealed or countersigned it",
    Level.SIGNED_AND_TIMESTAMPED: (
        "the holder of a key that you trust sealed or countersigned it, and an authority that you trust "
        "vouches for when it existed"
    ),
}


def level_of(*, is_anchored: bool, is_signed: bool, is_timestamped: bool) -> Level:
    """Return the highest level reached. A timestamp alone names no person, so it raises a signature only."""
    if is_signed:
        return Level.SIGNED_AND_TIMESTAMPED if is_timestamped else Level.SIGNED
    return Level.ANCHORED if is_anchored else Level.CONSISTENT
