"""Options that many commands share: how they are made, and put into each command's own."""

import inspect
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, Concatenate, TypeVar

import typer

T = TypeVar("T")


def word(option: str, metavar: str, help: str, shown: str | bool = False) -> tuple[Any, None]:
    """`shown` is what counts where it is left out."""
    return Annotated[str | None, typer.Option(option, metavar=metavar, show_default=shown, help=help)], None


def several(option: str, metavar: str, help: str, shown: str | bool = False, of: type[str] = str) -> tuple[Any, None]:
    made = typer.Option(option, metavar=metavar, show_default=shown, help=f"{help} May be repeated.")
    return Annotated[list[of] | None, made], None


def switch(options: str, help: str) -> tuple[Any, None]:
    return Annotated[bool | None, typer.Option(options, show_default=False, help=help)], None


def one_of(words: type[StrEnum], option: str, help: str, shown: str | bool = False) -> tuple[Any, None]:
    return Annotated[words | None, typer.Option(option, show_default=shown, help=help)], None


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
