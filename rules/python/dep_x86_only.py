"""A dependency exists for x86-64 only.

## What it finds

Packages none of whose releases runs on arm64, wherever they are declared without a marker that keeps them away from it:
the MKL family, `intel-*`, `tensorflow-cpu`, `scikit-learn-intelex`, `ibm-db`, `decord`, `PyQt5` and others. A marker that is
false on arm64, or a second declaration of the same package for arm64, makes it silent.

## Why it stops arm64

The index holds no file that fits a Linux arm64 machine and nothing that could be built there, so that the whole
installation fails.

## What to do

Keep the package away from arm64 with a marker, and let the program live without it there; or use the package named in the
message. `platform_machine == "x86_64"` is not the right marker when Windows counts, where the value is `AMD64`.

## Fix safety

The marker is safe when nothing in the repository imports the package, or every import survives its absence, and no lock has
to be made anew: on x86-64 nothing changes. Otherwise it is unsafe. `tensorflow-cpu` is paired with `tensorflow` of the same
version, which is the CPU build on arm64: safe when that version is known to have an arm64 wheel.
"""

from __future__ import annotations

from collections.abc import Iterator

from armready.core.classify import INSTALL_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Confidence, Finding, Severity
from armready.core.fix import Applicability, Fix
from armready.core.project import Project
from armready.core.rule import Example, ProjectRule
from armready.knowledge.packages import package
from armready.python.dependencies import NOT_ARM, NOT_LINUX_ARM, Form
from armready.python.imports import X86Import, x86_modules
from armready.python.manifest import Manifest
from armready.python.project import Judged, python_project
from armready.python.reporting import NEEDS_LOCK, alternative, dependency_level, fact, split, surely_good

_PAIRED = "tensorflow-cpu"


class DepX86Only(ProjectRule):
    code = "PY103"
    name = "dep-x86-only"
    summary = "A dependency exists for x86-64 only"
    severity = Severity.ERROR
    reads = (Manifest,)
    kinds = MANIFEST_KINDS | INSTALL_KINDS | {Kind.PYTHON, Kind.PIPFILE_LOCK}
    examples = (
        Example(
            "nobody imports it",
            path="requirements.txt",
            bad="numpy==1.26.4\n«mkl==2024.0.0»  # faster\n",
            fixed=f"numpy==1.26.4\nmkl==2024.0.0 ; {NOT_ARM}  # faster\n",
        ),
        Example(
            "the import survives its absence",
            path="pyproject.toml",
            bad='[project]\nname = "app"\ndependencies = [\n  "«scikit-learn-intelex>=2024»",\n]\n',
            files={"app.py": "try:\n    import sklearnex\nexcept ImportError:\n    sklearnex = None\n"},
            fixed=(
                '[project]\nname = "app"\ndependencies = [\n'
                "  \"scikit-learn-intelex>=2024; platform_machine != 'aarch64' and platform_machine != 'arm64'\",\n]\n"
            ),
        ),
        Example(
            "the import does not",
            path="requirements.txt",
            bad='«decord==0.6.0 ; python_version >= "3.8"»\n',
            fixed='decord==0.6.0 ; python_version >= "3.8" and (sys_platform != "linux" or platform_machine != "aarch64")\n',
            applicability=Applicability.UNSAFE,
            files={"app.py": "import decord\n"},
        ),
        Example(
            "one of a pair",
            path="requirements.txt",
            bad="«tensorflow-cpu==2.13.0»\n",
            fixed=(
                f'tensorflow-cpu==2.13.0 ; {NOT_ARM}\ntensorflow==2.13.0 ; platform_machine == "aarch64" or platform_machine == "arm64"\n'
            ),
        ),
        Example(
            "inline table of Poetry",
            path="pyproject.toml",
            bad='[tool.poetry.dependencies]\npython = "^3.9"\n«tbb = {version = "2021.11.0"}»\n',
            fixed=(
                '[tool.poetry.dependencies]\npython = "^3.9"\n'
                "tbb = {version = \"2021.11.0\", markers = \"platform_machine != 'aarch64' and platform_machine != 'arm64'\"}\n"
            ),
        ),
        Example(
            "imports that are not followed",
            path="requirements.txt",
            bad="«PyQt5==5.15.4»\n",
            fixed=f"PyQt5==5.15.4 ; {NOT_LINUX_ARM}\n",
            applicability=Applicability.UNSAFE,
            files={"app.py": "from PyQt5.QtWidgets import QApplication\n"},
        ),
        Example("restricted", path="requirements.txt", good=f"mkl==2024.0.0 ; {NOT_ARM}\ntbb ; platform_machine == 'x86_64'\n"),
        Example("an extra", path="setup.cfg", bad="[options.extras_require]\nintel =\n    «intel-openmp»\n", severity=Severity.WARNING),
        Example(
            "for Windows", path="requirements-windows.txt", good="mkl==2024.0.0\n", breaks=("requirements-windows.txt", "requirements.txt")
        ),
        Example(
            "about x86, not for it",
            path="requirements.txt",
            good="iced-x86==1.21.0\ncapstone==5.0.1\nunicorn\npwntools\n",
            breaks=("capstone", "mkl"),
        ),
        Example(
            "has a counterpart for arm64",
            path="requirements.txt",
            good="mkl ; platform_machine == 'x86_64'\nmkl ; platform_machine == 'aarch64'\n",
        ),
    )

    def check(self, project: Project) -> Iterator[Finding]:
        for judged in python_project(project).judged:
            if not judged.x86_only:
                continue
            effect = "has no file that Linux arm64 could use or build, so the installation fails there"
            if judged.row.sdist == "yes":
                effect = "has no wheel for Linux arm64, and its source does not build there with pip alone"
            message = f"`{judged.what}` {effect}{alternative(judged)}{fact()}."
            yield self.finding(
                judged.dependency.location,
                message,
                severity=dependency_level(judged, self.severity),
                confidence=judged.confidence,
                supported=judged.confidence is Confidence.MEDIUM,
                fix=self._fix(project, judged),
            )

    @staticmethod
    def _fix(project: Project, judged: Judged) -> Fix | None:
        dependency = judged.dependency
        if judged.confidence is Confidence.LOW or dependency.hashed:
            return None
        if dependency.name == _PAIRED:
            if not dependency.pin:
                return None
            edits = split(dependency, "tensorflow", f"=={dependency.pin}")
            known = surely_good(package("tensorflow"), dependency.pin)
            applicability = Applicability.SAFE if known else Applicability.UNSAFE
            return Fix("Take tensorflow of the same version on arm64", edits, applicability) if edits else None
        edit = dependency.add_marker(NOT_ARM if judged.row.kind == "x86_only" else NOT_LINUX_ARM)
        if edit is None:
            return None
        fix = Fix("Keep it away from arm64 with a marker", (edit,))
        if python_project(project).lock_for(dependency.path) is not None and dependency.form is not Form.REQUIREMENT:
            fix = fix.demoted(Applicability.UNSAFE, NEEDS_LOCK)
        needed = [each for _, each in project.facts(X86Import) if dependency.name in each.distributions and not each.guarded]
        if needed:
            place = needed[0].location
            return fix.demoted(Applicability.UNSAFE, f"{place.path}:{place.region.line} imports it and does not survive its absence")
        if judged.row.imports and all(dependency.name not in names for names in x86_modules().values()):
            return fix.demoted(Applicability.UNSAFE, "its imports are not followed: something may need it")
        if judged.row.imports and not project.complete:
            return fix.demoted(Applicability.UNSAFE, "only a part of the repository was read: something may import it")
        return fix
