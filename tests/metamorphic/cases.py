"""What the rewritings are applied to: the examples of all rules, the golden CI files and the fixture projects."""

from dataclasses import replace
from functools import cache

from armready.core.rule import SuppressionRule
from armready.run.facts_files import parse_facts
from armready.run.registry import all_rules
from armready.testing import example_files, example_settings
from tests.conftest import PROJECTS
from tests.systems.test_fixes import CASES, PATHS, SETTINGS, repository

from .rewriting import Case


@cache
def all_cases() -> tuple[Case, ...]:
    return (*_examples(), *_pipelines(), *_projects())


def _examples():
    for rule in all_rules():
        if issubclass(rule, SuppressionRule):
            continue
        for example in rule.examples:
            files, _ = example_files(example)
            settings = example_settings(example, rule)
            for name in settings.facts:
                settings = replace(settings, known=settings.known.merged(parse_facts(files[name])))
            yield Case(f"{rule.code} {example.name}", files, settings)


def _pipelines():
    for path in sorted(CASES.iterdir()):
        text = path.read_bytes().decode()
        yield Case(f"pipeline {path.stem}", repository(PATHS[path.name.partition("-")[0]], text), SETTINGS)


def _projects():
    for folder in sorted(PROJECTS.iterdir()):
        root = folder / "input"
        paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
        yield Case(f"project {folder.name}", {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in paths}, SETTINGS)
