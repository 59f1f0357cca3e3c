"""Conditions and constraints as text: `camera.tilt_deg < 30 and surface.tray.presence`.

Python's grammar parses the text, a list of what is allowed checks it, and nothing of it is executed. A
comparison with a factor that is off (null), or with a division by zero, does not hold.
"""

import ast
import enum
import keyword
import math
import operator
import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from renderer.errors import RecipeError, unknown_name_message
from renderer.recipe.keys import Factor, Kind

SINGLE_EQUALS = re.compile(r"(?<![<>=!:])=(?!=)")
LONGEST_TEXT = 500
DEEPEST = 40
EXAMPLE = '"camera.tilt_deg < 30"'

Lookup = Callable[[str], Any]  # the value of a factor, by its name
Evaluate = Callable[[Lookup], Any]


class Form(enum.Enum):
    """What a part of an expression is."""

    NUMBER = "a number"
    NAME = "a name"
    FLAG = "true or false"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expression:
    """A checked expression.

    Attributes:
        text: in one way of writing, whatever spaces and brackets were given.
        factors: the names in it, in their order.
    """

    text: str
    factors: tuple[str, ...]
    holds: Callable[[Lookup], bool]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Term:
    """A checked part of an expression; `value` is None where a factor is off or a division is by zero."""

    form: Form
    value: Evaluate
    factor: Factor | None = None
    literal: Any = None


def read_expression(text: Any, name: str, factor_of: Callable[[str], Factor]) -> Expression:
    """Parse and check an expression.

    Args:
        text: as it was given.
        name: the key that holds it, for messages.
        factor_of: finds a factor by its dotted name; raises RecipeError.

    Raises:
        RecipeError: the text is no expression, or something in it may not be used.
    """
    if not isinstance(text, str):
        raise RecipeError(f"{name} must be an expression in quotes, such as {EXAMPLE}, got {text!r}")
    text = " ".join(text.split())
    if not 0 < len(text) <= LONGEST_TEXT:
        raise RecipeError(f"{name} must have 1 to {LONGEST_TEXT} characters, got {len(text)}")
    reader = _Reader(name=name, factor_of=factor_of)
    tree = reader.parse(text)
    term = reader.read(tree)
    if term.form is not Form.FLAG:
        raise RecipeError(
            f"{name} must be true or false, such as {EXAMPLE}, but '{text}' is {term.form.value}"
        )
    if not reader.factors:
        raise RecipeError(f"{name} must name at least one factor, got '{text}'")
    value = term.value
    return Expression(
        text=ast.unparse(tree), factors=tuple(reader.factors), holds=lambda lookup: bool(value(lookup))
    )


def check_writable(text: Any, name: str, factors: Collection[str]) -> None:
    """Check that no factor in a text has a name which the grammar of expressions would take apart.

    Raises:
        RecipeError: one has a '-' or a word of the grammar in it.
    """
    for factor in factors:
        words = factor.replace("-", ".").split(".")
        broken = "-" in factor or any(keyword.iskeyword(word) for word in words)
        if broken and isinstance(text, str) and factor in text:
            reason = "'-' would be a minus" if "-" in factor else "a word of it has a meaning of its own"
            raise RecipeError(f"{name}: {factor} cannot stand in an expression, where {reason}: rename it")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads the nodes of a syntax tree; collects the factors it meets."""

    name: str
    factor_of: Callable[[str], Factor]
    factors: dict[str, Factor] = field(default_factory=dict)

    def parse(self, text: str) -> ast.expr:
        try:
            with warnings.catch_warnings(action="error"):  # such as of `1in (1, 2)`
                return ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else "it is too deep"
            hint = "; equality is written ==" if SINGLE_EQUALS.search(text) else ""
            raise RecipeError(f"{self.name}: '{text}' cannot be read: {reason}{hint}") from None

    def read(self, node: ast.expr, depth: int = 0) -> _Term:
        if depth > DEEPEST:
            raise RecipeError(f"{self.name} must not be nested more than {DEEPEST} deep")
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name() | ast.Attribute():
                return self._named(node)
            case ast.BoolOp():
                return self._bool(node, [self.read(value, depth + 1) for value in node.values])
            case ast.UnaryOp(op=ast.Not()):
                return self._not(node, self.read(node.operand, depth + 1))
            case ast.UnaryOp(op=ast.USub()):
                return self._function(node, operator.neg, [node.operand], depth)
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                return self._function(node, _ARITHMETIC[type(node.op)], [node.left, node.right], depth)
            case ast.Call(func=ast.Name(id="min" | "max" | "abs"), keywords=[]):
                return self._call(node, depth)
            case ast.Compare():
                return self._comparison(node, depth)
        raise self._refusal(node)

    def _refusal(self, node: ast.expr) -> RecipeError:
        return RecipeError(
            f"{self.name}: '{ast.unparse(node)}' cannot be used: expressions are made of factors, numbers, "
            "quoted names, true, false, + - * /, comparisons, in, and, or, not, min, max and abs"
        )

    def _constant(self, node: ast.Constant) -> _Term:
        value = node.value
        if isinstance(value, bool):
            return _literal(Form.FLAG, value)
        if isinstance(value, str):
            return _literal(Form.NAME, value)
        if not isinstance(value, int | float):
            raise self._refusal(node)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise RecipeError(f"{self.name}: a number is too large in '{ast.unparse(node)}'")
        return _literal(Form.NUMBER, number)

    def _named(self, node: ast.expr) -> _Term:
        text = ast.unparse(node)
        if text in ("true", "false"):
            return _literal(Form.FLAG, text == "true")
        if not all(part.isidentifier() for part in text.split(".")):
            raise self._refusal(node)
        factor = self.factor_of(text)
        if factor.spec.kind not in _FORMS:
            raise RecipeError(
                f"{self.name}: {text} is a {factor.spec.kind.value}, which cannot be used in an expression"
            )
        self.factors[text] = factor
        return _Term(form=_FORMS[factor.spec.kind], value=lambda lookup: lookup(text), factor=factor)

    def _bool(self, node: ast.BoolOp, terms: Sequence[_Term]) -> _Term:
        self._expect(Form.FLAG, node.values, terms)
        values, join = [term.value for term in terms], all if isinstance(node.op, ast.And) else any
        return _Term(form=Form.FLAG, value=lambda lookup: join(value(lookup) for value in values))

    def _not(self, node: ast.UnaryOp, term: _Term) -> _Term:
        self._expect(Form.FLAG, [node.operand], [term])
        return _Term(form=Form.FLAG, value=lambda lookup: not term.value(lookup))

    def _call(self, node: ast.Call, depth: int) -> _Term:
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        if (len(node.args) == 1) is not (function == "abs") or not node.args:
            due = "one number" if function == "abs" else "two numbers or more"
            raise RecipeError(f"{self.name}: {function} takes {due}, got '{ast.unparse(node)}'")
        return self._function(node, _FUNCTIONS[function], node.args, depth)

    def _function(
        self, node: ast.expr, function: Callable[..., Any], arguments: Sequence[ast.expr], depth: int
    ) -> _Term:
        terms = [self.read(argument, depth + 1) for argument in arguments]
        self._expect(Form.NUMBER, [node] * len(terms), terms)
        values = [term.value for term in terms]

        def value(lookup: Lookup) -> Any:
            numbers = [value(lookup) for value in values]
            return None if None in numbers else function(*numbers)

        return _Term(form=Form.NUMBER, value=value)

    def _expect(self, form: Form, nodes: Sequence[ast.expr], terms: Sequence[_Term]) -> None:
        for node, term in zip(nodes, terms, strict=True):
            if term.form is not form:
                raise RecipeError(
                    f"{self.name}: {form.value} is due in '{ast.unparse(node)}', got {term.form.value}"
                )

    def _comparison(self, node: ast.Compare, depth: int) -> _Term:
        """A chain `a < b <= c` holds if each of its comparisons does."""
        sides = [node.left, *node.comparators]
        pairs = []
        for left, operation, right in zip(sides[:-1], node.ops, sides[1:], strict=True):
            if isinstance(operation, ast.In | ast.NotIn):
                pairs.append(self._membership(left, operation, right, depth))
            else:
                pairs.append(self._pair(node, operation, [self.read(n, depth + 1) for n in (left, right)]))
        return _Term(form=Form.FLAG, value=lambda lookup: all(pair(lookup) for pair in pairs))

    def _pair(self, node: ast.Compare, operation: ast.cmpop, terms: Sequence[_Term]) -> Evaluate:
        left, right = terms
        self._check_alike(node, left, right)
        compare = _COMPARISONS.get(type(operation))
        if compare is None:
            raise self._refusal(node)
        if left.form is not Form.NUMBER and not isinstance(operation, ast.Eq | ast.NotEq):
            raise RecipeError(f"{self.name}: only numbers have an order, got '{ast.unparse(node)}'")

        def holds(lookup: Lookup) -> bool:
            a, b = left.value(lookup), right.value(lookup)
            return a is not None and b is not None and compare(a, b)

        return holds

    def _membership(self, left: ast.expr, operation: ast.cmpop, right: ast.expr, depth: int) -> Evaluate:
        if not isinstance(right, ast.Tuple | ast.List) or not right.elts:
            got = ast.unparse(right)
            raise RecipeError(f"{self.name}: 'in' takes a list such as ('a', 'b'), got '{got}'")
        item = self.read(left, depth + 1)
        options = [self.read(option, depth + 1) for option in right.elts]
        for option in options:
            self._check_alike(right, item, option)
        wanted = isinstance(operation, ast.In)

        def holds(lookup: Lookup) -> bool:
            value = item.value(lookup)
            return value is not None and (value in [o.value(lookup) for o in options]) is wanted

        return holds

    def _check_alike(self, node: ast.expr, left: _Term, right: _Term) -> None:
        if left.form is not right.form:
            raise RecipeError(
                f"{self.name}: {left.form.value} cannot be compared with {right.form.value} "
                f"in '{ast.unparse(node)}'"
            )
        for one, other in ((left, right), (right, left)):
            if one.factor is None or one.form is not Form.NAME or not isinstance(other.literal, str):
                continue
            options = one.factor.spec.options  # none where any name may stand
            if options and other.literal not in options:
                where = f"{self.name}: {one.factor.name}"
                raise RecipeError(unknown_name_message(where, other.literal, options))


def _literal(form: Form, value: Any) -> _Term:
    return _Term(form=form, value=lambda lookup: value, literal=value)


def _quotient(a: float, b: float) -> float | None:
    return a / b if b else None


_FORMS: Mapping[Kind, Form] = {
    Kind.NUMBER: Form.NUMBER,
    Kind.INTEGER: Form.NUMBER,
    Kind.NAME: Form.NAME,
    Kind.FLAG: Form.FLAG,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float | None]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _quotient,
}
_FUNCTIONS: Mapping[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
