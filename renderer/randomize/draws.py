"""Drawing factors and keeping a record of every draw."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from scipy.special import ndtr, ndtri

from renderer.errors import RecipeError
from renderer.randomize.groups import Group
from renderer.randomize.plan import Cause, Plan, Related, plan_of
from renderer.randomize.streams import FrameAddress, Streams, stream_start
from renderer.recipe.keys import Factor, Level
from renderer.recipe.schema import Recipe

MAX_ATTEMPTS = 64  # past this a place or a colour is given up and what it protects is left to settling
MOST_ATTEMPTS = 1000  # past this a constraint counts as one that cannot be met
_LEAST, _MOST = 2.0**-54, 1 - 2.0**-53  # uniform numbers whose normal scores are finite


@dataclass(slots=True, kw_only=True)
class DrawRecorder:
    """Draws factors at one address; `record` holds what was drawn here, by name and slot.

    A draw follows from the recipe and the address alone, so that what a factor depends on is drawn when it is
    needed, at its own level, whatever was drawn before.
    """

    seed: int
    address: FrameAddress
    plan: Plan = field(default_factory=Plan)
    record: dict[str, Any] = field(default_factory=dict)
    _streams: Streams = field(default_factory=Streams, init=False)
    _starts: dict[Level, str] = field(default_factory=dict, init=False)
    _values: dict[tuple[str, int | None], Any] = field(default_factory=dict, init=False)
    _attempts: dict[tuple[Group, int | None], int] = field(default_factory=dict, init=False)

    def draw(self, factor: Factor, slot: int | None = None, attempt: int = 0) -> Any:
        """Draw a factor from its own stream and record it under `name` or `name[slot]`."""
        related = self.plan.related.get(factor.name)
        if related is None:
            drawer = self.plan.drawer(factor)
            value = drawer.sample(self._stream(factor.spec.level, drawer.key_text, slot, attempt))
        elif attempt == 0:
            value = self._value(factor.name, slot)
        else:
            assert factor.spec.until, f"{factor.name} is drawn again, and does not say until when"
            value = self._draw_related(related, slot, attempt)
        self.record[record_key(factor, slot)] = value
        return value

    def draw_until(
        self,
        factors: Sequence[Factor],
        slot: int | None,
        accept: Callable[[Mapping[str, Any]], bool],
    ) -> Mapping[str, Any]:
        """Draw factors together, attempt by attempt, until `accept` holds or attempts run out.

        Returns:
            The last draws by full factor name, accepted or not.
        """
        values: Mapping[str, Any] = {}
        for attempt in range(MAX_ATTEMPTS):
            values = {factor.name: self.draw(factor, slot, attempt) for factor in factors}
            if accept(values):
                break
        return values

    def meet_constraints(self, counts: Mapping[str, Factor]) -> None:
        """Draw what the constraints ask for, and nothing else.

        Args:
            counts: of the objects or lights of each kind, by its dotted name.

        Raises:
            RecipeError: a constraint cannot be met here.
        """
        for group in self.plan.groups:
            kind = group.scope.kind
            for slot in range(self.draw(counts[kind])) if kind else (None,):
                self._attempt(group, slot)

    def _stream(self, level: Level, key_text: str, slot: int | None, attempt: int) -> Any:
        start = self._starts.get(level)
        if start is None:
            start = self._starts[level] = stream_start(self.seed, level, self.address.at(level))
        return self._streams.stream(f"{start}{key_text}, {'null' if slot is None else slot}, {attempt}]")

    def _value(self, name: str, slot: int | None) -> Any:
        """What a factor comes to; its group of constraints, if it has one, is met first."""
        related = self.plan.related[name]
        key = (name, slot if related.scope.kind else None)
        if key not in self._values:
            attempt = self._attempt(related.group, slot)
            if key not in self._values:
                self._values[key] = self._draw_related(related, key[1], attempt)
        return self._values[key]

    def _draw_related(self, related: Related, slot: int | None, attempt: int) -> Any:
        """Draw a factor that has to do with others, from the first of its cases that holds.

        A correlation is a Gaussian copula of one factor: the score z = l c + sqrt(1 - l^2) e of loading l,
        common cause c and own score e is a standard normal number again, so that a distribution's quantile
        at Phi(z) is distributed as it says (Nelsen, An Introduction to Copulas, 2006, sections 2.9 and 3.1).
        """
        lookup = partial(self._value, slot=slot)
        case = next(case for case in related.cases if case.holds(lookup))
        cause, loading = related.cause, related.loading
        common_score = 0.0 if cause is None else self._score(cause, slot)
        rng = self._stream(related.scope.level, related.key_text, slot, attempt)
        if case.quantile is None:
            return case.sample(rng)
        score = loading * common_score + math.sqrt(1 - loading**2) * _normal_score(rng.random())
        return case.quantile(min(float(ndtr(score)), _MOST))

    def _score(self, cause: Cause, slot: int | None) -> float:
        """The common cause of correlated factors, a standard normal number."""
        key = (cause.name, slot if cause.scope.kind else None)
        if key not in self._values:
            attempt = self._attempt(cause.group, slot)
            if key not in self._values:
                rng = self._stream(cause.scope.level, cause.key_text, key[1], attempt)
                self._values[key] = _normal_score(rng.random())
        score: float = self._values[key]
        return score

    def _attempt(self, group: Group | None, slot: int | None) -> int:
        """At which attempt all constraints of a group hold; what is tried meanwhile is drawn at that."""
        if group is None:
            return 0
        key = (group, slot if group.scope.kind else None)
        if key not in self._attempts:
            self._meet(group, key[1])
        return self._attempts[key]

    def _meet(self, group: Group, slot: int | None) -> None:
        """Draw the members of a group again until all its constraints hold.

        Raises:
            RecipeError: they do not within MOST_ATTEMPTS.
        """
        lookup, misses = partial(self._value, slot=slot), Counter[str]()
        for attempt in range(MOST_ATTEMPTS):
            self._attempts[group, slot] = attempt
            for member in group.members:
                self._values.pop((member, slot), None)
            missed = [rule.name for rule in group.rules if not rule.holds(lookup)]
            if not missed:
                return
            misses.update(missed)
        raise RecipeError(self._unmet(group, slot, misses))

    def _unmet(self, group: Group, slot: int | None, misses: Counter[str]) -> str:
        """Names the constraint that held least often, and what it was to hold together with."""
        name = misses.most_common(1)[0][0]
        rule = next(rule for rule in group.rules if rule.name == name)
        others = [other.name for other in group.rules if other is not rule and misses[name] < MOST_ATTEMPTS]
        again = sorted(group.members & self.plan.related.keys())
        index = zip(("scene", "view", "shot"), self.address.at(group.scope.level), strict=False)
        where = ", ".join(f"{level} {number}" for level, number in index)
        where += f", {group.scope.kind}[{slot}]" if group.scope.kind else ""
        return (
            f"{name} cannot be met: '{rule.text}'{' together with ' if others else ''}{' and '.join(others)} "
            f"did not hold in {MOST_ATTEMPTS} attempts for {where}; widen {' or '.join(again)}, which "
            f"{'is' if len(again) == 1 else 'are'} drawn again, or loosen the constraint"
        )


def _normal_score(uniform: float) -> float:
    return float(ndtri(max(uniform, _LEAST)))


def recorder(recipe: Recipe, address: FrameAddress) -> DrawRecorder:
    """What draws the factors of a recipe at an address."""
    return DrawRecorder(seed=recipe.seed, address=address, plan=plan_of(recipe))


def record_key(factor: Factor, slot: int | None) -> str:
    """The name of a draw: the factor's name, with the slot where there are several."""
    return factor.name if slot is None else f"{factor.name}[{slot}]"
