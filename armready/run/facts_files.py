"""Facts that travel: what one repository builds, runs and was told, as a JSON file that another repository's configuration names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from armready.core.bounded import MAX_JSON, load_json, read_bounded
from armready.core.errors import ConfigError, ParseProblem
from armready.core.known import Known, from_json


def read_facts(names: Iterable[str], root: Path, *, inside: bool) -> Known:
    """The facts of all files together; of two answers to one question the later file's counts.

    Args:
        names: paths, relative to the root.
        root: the repository.
        inside: they must lie in it, since its own configuration names them.

    Raises:
        ConfigError: a file cannot be read or holds no facts.
    """
    known = Known()
    for name in names:
        try:
            known = known.merged(parse_facts(read_bounded(root / name, MAX_JSON, root=root if inside else None)))
        except (ParseProblem, ValueError, RecursionError) as error:
            raise ConfigError(f"{name}: {error}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{name}: not a facts file ({type(error).__name__}: {error})") from error
    return known


def parse_facts(text: bytes | str) -> Known:
    """The facts in the text of a facts file.

    Raises:
        ParseProblem: it is not JSON.
        ValueError: it holds none.
    """
    document = load_json(text)
    if not isinstance(document, dict):
        raise ValueError("not a facts file")
    return from_json(document)
