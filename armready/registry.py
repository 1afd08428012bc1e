"""Finds the rules and resolves selectors.

The engine imports `armready.rules` by name only, and a family's modules when a file of its kinds turns up. Rules of others come from
the entry-point group `armready.rules` (a module or package each) and from folders that the user names.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from armready.classify import Kind
from armready.config import Settings
from armready.errors import UsageError
from armready.rule import FileRule, ProjectRule, Rule, SuppressionRule

ALL = "ALL"


def _rules_package() -> ModuleType:
    """The package `armready.rules`.

    In a bare checkout `python -m pytest` puts the checkout first on `sys.path`, where `armready` has no `rules` inside; then the
    folder `rules` beside it is loaded under that name.
    """
    try:
        return importlib.import_module("armready.rules")
    except ModuleNotFoundError:
        init = Path(__file__).parent.parent / "rules" / "__init__.py"
        spec = importlib.util.spec_from_file_location("armready.rules", init, submodule_search_locations=[str(init.parent)])
        if spec is None or spec.loader is None or not init.exists():
            raise
        package = importlib.util.module_from_spec(spec)
        sys.modules["armready.rules"] = package
        spec.loader.exec_module(package)
        return package


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            yield from _modules(module) if info.ispkg else (module,)


def _rules_in(package: ModuleType) -> tuple[type[Rule], ...]:
    found = {
        value
        for module in _modules(package)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__ and hasattr(value, "code")
    }
    return tuple(sorted(found, key=lambda rule: rule.code))


@lru_cache(maxsize=1)
def _families() -> dict[str, frozenset[Kind]]:
    """Family package -> the kinds that its `KINDS` names; importing these packages imports no rule."""
    package = _rules_package()
    names = [info.name for info in pkgutil.iter_modules(package.__path__) if info.ispkg]
    return {name: importlib.import_module(f"{package.__name__}.{name}").KINDS for name in names}


@cache
def _family_rules(name: str) -> tuple[type[Rule], ...]:
    return _rules_in(importlib.import_module(f"armready.rules.{name}"))


@lru_cache(maxsize=1)
def _installed_rules() -> tuple[type[Rule], ...]:
    """Rules that other distributions offer."""
    return tuple(rule for point in entry_points(group="armready.rules") for rule in _rules_in(point.load()))


@cache
def _folder_rules(folder: str) -> tuple[type[Rule], ...]:
    init = Path(folder)
    if not init.is_dir():
        raise UsageError(f"rules-path: {folder}: no such folder")
    found: list[type[Rule]] = []
    for path in sorted(init.glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"armready_user_rules.{path.stem}", path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        found.extend(_rules_in(module))
    return tuple(found)


def all_rules(settings: Settings | None = None) -> tuple[type[Rule], ...]:
    """Every rule there is, by code.

    Raises:
        UsageError: two rules have one code or name, or a folder of rules does not exist.
    """
    found = [rule for name in _families() for rule in _family_rules(name)]
    found.extend(_installed_rules())
    for folder in settings.rules_path if settings else ():
        found.extend(_folder_rules(folder))
    taken: dict[str, type[Rule]] = {}
    for rule in found:
        for key in (rule.code, rule.name):
            if taken.setdefault(key, rule) is not rule:
                raise UsageError(f"{key} is the code or name of two rules: {taken[key].__module__} and {rule.__module__}")
    return tuple(sorted(found, key=lambda rule: rule.code))


def rules_for(kinds: Iterable[Kind], settings: Settings) -> tuple[type[Rule], ...]:
    """The rules that can say something of files of these kinds; only their families are imported."""
    wanted = frozenset(kinds)
    found = [rule for name, family in _families().items() if family & wanted for rule in _family_rules(name)]
    found.extend(_installed_rules())
    for folder in settings.rules_path:
        found.extend(_folder_rules(folder))
    return tuple(rule for rule in sorted(found, key=lambda rule: rule.code) if rule.kinds & wanted)


def resolve(selector: str, rules: Sequence[type[Rule]]) -> frozenset[str]:
    """The codes that a code, prefix or name stands for.

    Raises:
        UsageError: it stands for none; the message has a suggestion.
    """
    wanted = selector.strip()
    codes = frozenset(rule.code for rule in rules if wanted in (rule.name, ALL) or rule.code.startswith(wanted.upper()))
    if codes and wanted:
        return codes
    close = get_close_matches(wanted, [key for rule in rules for key in (rule.code, rule.name)], n=1)
    raise UsageError(f"unknown rule {selector!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


class Selection:
    """Which rules speak in a run."""

    def __init__(self, settings: Settings) -> None:
        self._pedantic = settings.pedantic
        chosen = bool(settings.select or settings.extend_select or settings.ignore or settings.per_file_ignores or settings.severity)
        rules = all_rules(settings) if chosen else ()
        self._only = self._codes(settings.select, rules) if settings.select else None
        self._named = self._codes((*settings.select, *settings.extend_select), rules, exact=True)
        self._more = self._codes(settings.extend_select, rules)
        self._ignored = self._codes(settings.ignore, rules)
        self._per_file = {glob: self._codes(selectors, rules) for glob, selectors in settings.per_file_ignores.items()}
        self.levels = {code: level for key, level in settings.severity.items() for code in resolve(key, rules)}

    @staticmethod
    def _codes(selectors: Iterable[str], rules: Sequence[type[Rule]], *, exact: bool = False) -> frozenset[str]:
        picked = (resolve(selector, rules) for selector in selectors)
        return frozenset(code for codes in picked if not exact or len(codes) == 1 for code in codes)

    def enabled(self, rule: type[Rule]) -> bool:
        """Whether a rule runs at all."""
        if rule.code in self._ignored:
            return False
        if self._only is not None and rule.code not in self._only | self._more:
            return False
        return not rule.off_by_default or self._pedantic or rule.code in self._named

    def ignored_in(self, path: str, code: str) -> bool:
        """Whether `per-file-ignores` silences a rule in a file."""
        if not self._per_file:
            return False
        from armready.discovery import matches

        return any(code in codes and matches(path, glob) for glob, codes in self._per_file.items())


class Registry:
    """The rules of one run, by kind."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.selection = Selection(settings)
        self._file_rules: dict[Kind, tuple[FileRule, ...]] = {}

    def file_rules(self, kind: Kind) -> tuple[FileRule, ...]:
        """The file rules of a kind. Rules that are switched off run too: gates of other rules read their findings."""
        if kind not in self._file_rules:
            classes = rules_for((kind,), self.settings)
            self._file_rules[kind] = tuple(rule() for rule in classes if issubclass(rule, FileRule))
        return self._file_rules[kind]

    def project_rules(self, kinds: Iterable[Kind]) -> tuple[ProjectRule, ...]:
        """The project rules that read the facts of these kinds."""
        return tuple(rule() for rule in rules_for(kinds, self.settings) if issubclass(rule, ProjectRule))

    def suppression_rules(self) -> tuple[SuppressionRule, ...]:
        """The rules about ignore comments."""
        return tuple(rule() for rule in _family_rules("suppressions") if issubclass(rule, SuppressionRule))

    def classes(self) -> tuple[type[Rule], ...]:
        """Every rule that is enabled."""
        return tuple(rule for rule in all_rules(self.settings) if self.selection.enabled(rule))
