"""Options that many commands share, put into each command's own."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, TypeVar

T = TypeVar("T")


def with_options(
    options: Mapping[str, tuple[Any, Any]], gather: Callable[..., T]
) -> Callable[[Callable[Concatenate[T, ...], None]], Callable[..., None]]:
    """Adds options to a command; what `gather` makes of them becomes its first argument."""

    def decorate(command: Callable[Concatenate[T, ...], None]) -> Callable[..., None]:
        @wraps(command)
        def run(*gathered: Any, **given: Any) -> None:
            first = gather(**{name: given.pop(name) for name in options})
            command(first, *gathered, **given)

        own = list(inspect.signature(command).parameters.values())[1:]
        added = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
            for name, (annotation, default) in options.items()
        ]
        own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        # this is what Typer reads a command's arguments and options from
        vars(run)["__signature__"] = inspect.Signature([*own, *added])
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
        return run

    return decorate
