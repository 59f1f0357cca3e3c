"""What a value is drawn once for, and so which others it may depend on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from renderer.recipe.keys import Factor, Level

# Each object, light and caster of these kinds has its own draws, except for those that its kind shares.
KIND = re.compile(r"(objects\.[^.]+|lighting\.(?:lights|casters)\.[^.]+)\.")
_DEPTH = {Level.SCENE: 0, Level.VIEW: 1, Level.SHOT: 2}
_TIMES = {Level.SCENE: "once a scene", Level.VIEW: "once a view", Level.SHOT: "once a shot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A scene, view or shot, or each object or light of a kind in it.

    Attributes:
        kind: dotted, such as `objects.die`; empty for what is drawn once at its level.
    """

    level: Level
    kind: str = ""

    def sees(self, other: "Scope") -> bool:
        """Whether what is drawn here finds exactly one value drawn there."""
        return _DEPTH[other.level] <= _DEPTH[self.level] and other.kind in ("", self.kind)

    def __str__(self) -> str:
        if not self.kind:
            return _TIMES[self.level]
        often = "" if self.level is Level.SCENE else f", {_TIMES[self.level]}"
        return f"for each of {self.kind}{often}"


def scope_of(factor: Factor) -> Scope:
    """The scope of a factor's draws."""
    match = None if factor.spec.shared else KIND.match(factor.name)
    return Scope(level=factor.spec.level, kind=match[1] if match else "")


def finest(scopes: Iterable[Scope]) -> Scope:
    """The scope at the finest level; of those one of a kind, if there is any."""
    return max(scopes, key=lambda scope: (_DEPTH[scope.level], scope.kind))


def common(scopes: Iterable[Scope]) -> Scope:
    """The scope that all the scopes share: the coarsest level, and the kind if it is the same."""
    scopes = list(scopes)
    kinds = {scope.kind for scope in scopes}
    coarsest = min(scopes, key=lambda scope: _DEPTH[scope.level])
    return Scope(level=coarsest.level, kind=kinds.pop() if len(kinds) == 1 else "")
