"""What people call things: wrappers, functions, stages and files whose names say what they are for (`data/idioms.tsv`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from armready.knowledge.tables import table


class Idiom(StrEnum):
    """What a name can say."""

    CHECKING_FUNCTION = "checking-function"
    FILE_FOR_ALL = "file-for-all"
    GENERATED_MARK = "generated-mark"
    HELPER_STAGE = "helper-stage"
    PACKAGE_INSTALLER = "package-installer"


@cache
def meanings(idiom: Idiom) -> Mapping[str, str]:
    """The words of an idiom, each with what it stands for; that is empty where being named so is all."""
    return {row["word"]: row["means"] for row in table("idioms").rows() if row["kind"] == idiom}


@cache
def checking_function() -> re.Pattern[str]:
    """Begins the name of a function that looks at what is already published."""
    return _any_of(Idiom.CHECKING_FUNCTION)


@cache
def file_for_all() -> re.Pattern[str]:
    """Stands in the address of a file that is the same on every machine."""
    return _any_of(Idiom.FILE_FOR_ALL)


@cache
def generated_mark() -> re.Pattern[str]:
    """Stands at the top of a file that a program writes."""
    return re.compile(_any_of(Idiom.GENERATED_MARK).pattern, re.IGNORECASE)


@cache
def helper_stage() -> re.Pattern[str]:
    """Stands in the name of a stage that is run for its result or its exit status, and whose image is not shipped."""
    return re.compile(rf"(?<![a-z])(?:{_any_of(Idiom.HELPER_STAGE).pattern})(?![a-z])", re.IGNORECASE)


def _any_of(idiom: Idiom) -> re.Pattern[str]:
    return re.compile("|".join(meanings(idiom)))
