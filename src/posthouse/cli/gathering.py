"""Options that belong together reach a command as one value."""

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., None])


def gathered(name: str, kind: type[Any]) -> Callable[[F], F]:
    """Give a command one parameter `name`, a dataclass made of the options named as its fields are."""
    names = [field.name for field in fields(kind)]

    def decorate(command: F) -> F:
        @wraps(command)
        def call(**given: object) -> None:
            made = kind(**{field: given.pop(field) for field in names})
            command(**given, **{name: made})

        return call    # type: ignore[return-value]

    return decorate
