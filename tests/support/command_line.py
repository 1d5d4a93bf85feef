"""The grammar of a command line, walked from its parser: names, choices, defaults, how many; never prose."""

from __future__ import annotations

import argparse
from typing import Any

SAMPLES = ("0", "1", "-1", "2.5", "1,2", "text")


def commands(parser: argparse.ArgumentParser, name: str = "") -> dict[str, Any]:
    """Say what each command and subcommand takes, by its name."""
    found: dict[str, Any] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part, below in action.choices.items():
                found |= commands(below, f"{name} {part}".strip())
        elif not isinstance(action, argparse._HelpAction):
            found.setdefault(name, {})[" ".join(action.option_strings) or action.dest] = _facts(action)
    for number, group in enumerate(parser._mutually_exclusive_groups):
        options = [" ".join(action.option_strings) for action in group._group_actions]
        found.setdefault(name, {})[f"only one of (group {number})"] = options
    return found


def _facts(action: argparse.Action) -> dict[str, Any]:
    """Give what is not usual of an argument, as plain values."""
    default, choices = action.default, action.choices
    facts = {
        "kind": type(action).__name__.strip("_").removesuffix("Action").lower(),
        "nargs": action.nargs, "required": action.required or None,
        "choices": None if choices is None else list(choices),
        "default": list(default) if isinstance(default, tuple) else default,
        "takes": _taken(action.type) if choices is None and action.nargs != 0 else None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def _taken(kind: Any) -> dict[str, str]:
    """Map each sample that a type takes to what it makes of it; types themselves may be renamed."""
    found = {}
    for text in SAMPLES:
        try:
            found[text] = str(kind(text) if kind is not None else text)
        except (ValueError, argparse.ArgumentTypeError):
            continue
    return found
