"""What checks array shapes in tests; `pyproject.toml` puts it under every function of the packages."""

from collections.abc import Callable
from types import FunctionType
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray


def names_a_shape(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(names_a_shape(part) for part in get_args(hint))


def check(function: FunctionType) -> Callable[..., Any]:
    """The function, checking its arrays; every other hint is mypy's work, and beartype reads it otherwise."""
    hints = {name: hint for name, hint in function.__annotations__.items() if names_a_shape(hint)}
    if not hints:
        return function
    checked = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    checked.__kwdefaults__ = function.__kwdefaults__
    checked.__qualname__ = function.__qualname__
    checked.__module__ = function.__module__
    checked.__annotations__ = hints
    return beartype(checked)
