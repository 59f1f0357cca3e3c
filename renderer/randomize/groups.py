"""Which factors are drawn again together, so that constraints come to hold.

Of a constraint's factors those at the finest scope are drawn again, and the others are given. What a
correlation ties to them at that scope is drawn again with them. Constraints that share what is drawn again
are met together, and so are those of which each needs to know what the other comes to.
"""

import graphlib
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from renderer.recipe.expressions import Lookup
from renderer.recipe.scopes import Scope, finest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """A constraint; `name` is its dotted key."""

    name: str
    text: str
    factors: tuple[str, ...]
    holds: Callable[[Lookup], bool]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Group:
    """Constraints that are met together; `members` are the factors and causes drawn again for them."""

    rules: tuple[Rule, ...]
    members: frozenset[str]
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Web:
    """How factors and the causes of correlations hang together, by name.

    Attributes:
        parents: what must be known before something is drawn.
        families: the factors of each cause.
    """

    scopes: Mapping[str, Scope]
    parents: Mapping[str, set[str]]
    families: Mapping[str, Iterable[str]]

    def whole(self, members: Iterable[str]) -> frozenset[str]:
        """Members, with the causes at their scope and all that these cause at the same scope."""
        members = set(members)
        for cause, factors in self.families.items():
            peers = {factor for factor in factors if self.scopes[factor] == self.scopes[cause]}
            if members & (peers | {cause}):
                members |= peers | {cause}
        return frozenset(members)


def groups_of(rules: Sequence[Rule], web: Web) -> dict[str, Group]:
    """The group of every factor and cause that is drawn again."""
    groups = [_group_of_one(rule, web) for rule in rules]
    while tied := _tied(groups, web):
        groups = _merged(groups, tied, web)
    return {member: group for group in groups for member in group.members}


def _group_of_one(rule: Rule, web: Web) -> Group:
    scope = finest(web.scopes[name] for name in rule.factors)
    members = {name for name in rule.factors if web.scopes[name] == scope}
    return Group(rules=(rule,), members=web.whole(members), scope=scope)


def _tied(groups: Sequence[Group], web: Web) -> set[str]:
    """Names that must come into one group and are not; empty when all is well."""
    for one, other in itertools.combinations(groups, 2):
        if one.members & other.members:
            return set(one.members | other.members)
    return _circle(groups, web)


def _circle(groups: Sequence[Group], web: Web) -> set[str]:
    """Names that wait for each other, the first in the alphabet for a whole group."""
    heads = {member: min(group.members) for group in groups for member in group.members}
    needs: list[tuple[str, Iterable[str]]] = list(web.parents.items())
    needs += [(min(group.members), rule.factors) for group in groups for rule in group.rules]
    graph: dict[str, set[str]] = {}
    for name, parents in needs:
        head = heads.get(name, name)
        graph.setdefault(head, set()).update({heads.get(parent, parent) for parent in parents} - {head})
    try:
        graphlib.TopologicalSorter({head: sorted(graph[head]) for head in sorted(graph)}).prepare()
    except graphlib.CycleError as error:
        return set(error.args[1])
    return set()


def _merged(groups: Sequence[Group], tied: set[str], web: Web) -> list[Group]:
    inside = [group for group in groups if group.members & tied]
    merged = Group(
        rules=tuple(rule for group in inside for rule in group.rules),
        members=web.whole(tied.union(*(group.members for group in inside))),
        scope=inside[0].scope,  # only what is at one scope can wait for each other
    )
    return [merged, *(group for group in groups if group not in inside)]
