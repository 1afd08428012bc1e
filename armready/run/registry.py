"""Finds the rules and resolves selectors.

The engine imports `armready.rules` by name only, and a rule when a file can make it fire. Rules of others come from the entry-point
group `armready.rules` (a module or package each) and from folders that the user names.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.errors import UsageError
from armready.core.facts import COLLECTORS
from armready.core.needles import Finder
from armready.core.rule import Rule
from armready.run import rule_index
from armready.run.rule_index import Entry, Stage, entry_of, rules_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ALL = "ALL"
GROUP = "armready.rules"


def rules_package() -> ModuleType:
    """The package `armready.rules`.

    In a bare checkout `python -m pytest` puts the checkout first on `sys.path`, where `armready` has no `rules` inside; then the
    folder `rules` beside it is loaded under that name.
    """
    try:
        return importlib.import_module("armready.rules")
    except ModuleNotFoundError:
        init = Path(__file__).parents[2] / "rules" / "__init__.py"
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


@cache
def _own() -> tuple[Entry, ...]:
    return tuple(rule_index.read(rules_package()))


def _installation() -> list[str]:
    """The folders whose distributions may offer rules: those for installed packages, and the one that armready lies in itself.

    Others on `sys.path` (the current folder, what `PYTHONPATH` names) may be the tree that is scanned, or lie in it.
    """
    import site

    folders = [*site.getsitepackages(), str(Path(__file__).absolute().parents[2])]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    known = set(map(os.path.realpath, folders))
    return [folder for folder in sys.path if folder and os.path.realpath(folder) in known]


@cache
def _installed() -> tuple[Entry, ...]:
    """Rules that other distributions offer. Their metadata is read only if one of them names the group at all."""
    folders = _installation()
    if not any(GROUP.encode() in path.read_bytes() for folder in folders for path in Path(folder).glob("*.dist-info/entry_points.txt")):
        return ()
    from importlib.metadata import distributions

    offering: dict[str, Iterable[EntryPoint]] = {}
    for each in distributions(path=folders):
        offering.setdefault(each.metadata["Name"].lower().replace("_", "-"), each.entry_points)
    points = (point for points in offering.values() for point in points if point.group == GROUP)
    return tuple(entry_of(rule) for point in points for module in _modules(point.load()) for rule in rules_of(module))


@cache
def _in_folder(folder: str) -> tuple[Entry, ...]:
    init = Path(folder)
    if not init.is_dir():
        raise UsageError(f"rules-path: {folder}: no such folder")
    found: list[Entry] = []
    for path in sorted(init.glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"armready_user_rules.{path.stem}", path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        found.extend(map(entry_of, rules_of(module)))
    return tuple(found)


def entries(settings: Settings | None = None) -> tuple[Entry, ...]:
    """Every rule there is, by code; few of them are imported for it.

    Raises:
        UsageError: two rules have one code or name, or a folder of rules does not exist.
    """
    found = [*_own(), *_installed()]
    for folder in settings.rules_path if settings else ():
        found.extend(_in_folder(folder))
    taken: dict[str, Entry] = {}
    for entry in found:
        for key in (entry.code, entry.name):
            if taken.setdefault(key, entry) is not entry:
                raise UsageError(f"{key} is the code or name of two rules: {taken[key].module} and {entry.module}")
    return tuple(sorted(found, key=lambda entry: entry.code))


def all_rules(settings: Settings | None = None) -> tuple[type[Rule], ...]:
    """Every rule there is, imported, by code.

    Raises:
        UsageError: as `entries`.
    """
    return tuple(entry.load() for entry in entries(settings))


def resolve(selector: str, rules: Sequence[Entry] | Sequence[type[Rule]]) -> frozenset[str]:
    """The codes that a code, prefix or name stands for.

    Raises:
        UsageError: it stands for none; the message has a suggestion.
    """
    wanted = selector.strip()
    codes = frozenset(rule.code for rule in rules if wanted in (rule.name, ALL) or rule.code.startswith(wanted.upper()))
    if codes and wanted:
        return codes
    from difflib import get_close_matches

    close = get_close_matches(wanted, [key for rule in rules for key in (rule.code, rule.name)], n=1)
    raise UsageError(f"unknown rule {selector!r}" + (f"; did you mean {close[0]!r}?" if close else ""))


class Selection:
    """Which rules speak in a run."""

    def __init__(self, settings: Settings) -> None:
        self._pedantic = settings.pedantic
        rules = entries(settings)
        self._only = self._codes(settings.select, rules) if settings.select else None
        self._named = self._codes((*settings.select, *settings.extend_select), rules, exact=True)
        self._more = self._codes(settings.extend_select, rules)
        self._ignored = self._codes(settings.ignore, rules)
        self._per_file = {glob: self._codes(selectors, rules) for glob, selectors in settings.per_file_ignores.items()}
        self.levels = {code: level for key, level in settings.severity.items() for code in resolve(key, rules)}

    @staticmethod
    def _codes(selectors: Iterable[str], rules: Sequence[Entry], *, exact: bool = False) -> frozenset[str]:
        picked = (resolve(selector, rules) for selector in selectors)
        return frozenset(code for codes in picked if not exact or len(codes) == 1 for code in codes)

    def enabled(self, rule: Entry | type[Rule]) -> bool:
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
        from armready.run.discovery import matches

        return any(code in codes and matches(path, glob) for glob, codes in self._per_file.items())


class Registry:
    """The rules of one run."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.selection = Selection(settings)
        self._by_code = {entry.code: entry for entry in entries(settings)}
        self._file_rules: dict[Kind, tuple[Entry, ...]] = {}
        self._finders: dict[Kind, Finder] = {}

    def rule(self, code: str) -> Entry:
        """The rule of a code.

        Raises:
            KeyError: there is none.
        """
        return self._by_code[code]

    def file_rules(self, kind: Kind) -> tuple[Entry, ...]:
        """The file rules of a kind. Rules that are switched off run too: gates of other rules read their findings."""
        if kind not in self._file_rules:
            self._file_rules[kind] = tuple(self._of(Stage.FILE, {kind}))
        return self._file_rules[kind]

    def finder(self, kind: Kind) -> Finder:
        """The finder of all needles of the rules and the collectors of a kind."""
        if kind not in self._finders:
            collectors = (collector for collector in COLLECTORS if kind in collector.kinds)
            asked = (*(rule.needles for rule in self.file_rules(kind)), *(collector.needles for collector in collectors))
            self._finders[kind] = Finder(chain.from_iterable(asked))
        return self._finders[kind]

    def project_rules(self, kinds: Iterable[Kind]) -> tuple[Entry, ...]:
        """The project rules that read the facts of these kinds."""
        return tuple(self._of(Stage.PROJECT, kinds))

    def suppression_rules(self) -> tuple[Entry, ...]:
        """The rules about ignore comments."""
        return tuple(self._of(Stage.SUPPRESSIONS, Kind))

    def foreign_folders(self) -> list[str]:
        """Where the code of rules lies that are not armready's own."""
        modules = {entry.module for entry in self._by_code.values() if not entry.module.startswith(f"{GROUP}.")}
        return sorted({os.path.dirname(sys.modules[name].__file__ or "") for name in modules} - {""})

    def _of(self, stage: Stage, kinds: Iterable[Kind]) -> Iterator[Entry]:
        wanted = frozenset(kinds)
        return (entry for entry in self._by_code.values() if entry.stage is stage and entry.kinds & wanted)

    def classes(self) -> tuple[type[Rule], ...]:
        """Every rule that is enabled, imported."""
        return tuple(entry.load() for entry in self._by_code.values() if self.selection.enabled(entry))
