"""The end of every run: what was recognised, how far the repository is, what was found, what to do next, and what nobody could judge."""

from __future__ import annotations

from collections import Counter

from armready.core.classify import LOCK_KINDS, MANIFEST_KINDS, Kind
from armready.core.finding import Severity
from armready.core.results import Report
from armready.core.wording import plural
from armready.fixing.outlook import Forecast, Made
from armready.knowledge.tables import days_between, newest
from armready.reporters.base import Context, escape, summary_line
from armready.run.readiness import Family, Readiness, State

_NAMED_FILES = 8
_YEAR = 366

LABELS = {State.READY: "ready", State.UNKNOWN: "unknown", State.DOUBTFUL: "with warnings", State.BLOCKED: "blocked"}
TITLES = {"Kubernetes": "Workloads"}

# What files of a kind are called; further words make the same group. A kind that is not here reads as "build file".
_NOUNS = {
    Kind.DOCKERFILE: "Dockerfile",
    Kind.COMPOSE: "Compose file",
    Kind.GITHUB_WORKFLOW: "workflow",
    Kind.GITHUB_ACTION: "action",
    Kind.GITLAB: "GitLab pipeline",
    Kind.JENKINS: "Jenkinsfile",
    Kind.CIRCLECI: "CircleCI file",
    Kind.AZURE: "Azure pipeline",
    Kind.BITBUCKET: "Bitbucket pipeline",
    Kind.TRAVIS: "Travis file",
    Kind.DRONE: "Drone file",
    Kind.WOODPECKER: "Woodpecker file",
    Kind.CLOUDBUILD: "Cloud Build file",
    Kind.CODEBUILD: "CodeBuild file",
    Kind.BUILDKITE: "Buildkite pipeline",
    Kind.TEKTON: "Tekton file",
    Kind.ARGO: "Argo workflow",
    Kind.CONCOURSE: "Concourse pipeline",
    Kind.MAKEFILE: "Makefile",
    Kind.SHELL: "shell script",
    Kind.KUBERNETES: "manifest",
    Kind.KUSTOMIZATION: "kustomization",
    Kind.CLOUDFORMATION: "CloudFormation template",
    Kind.HELM_CHART: "Helm file",
    Kind.HELM_VALUES: "Helm file",
    Kind.HELM_TEMPLATE: "Helm file",
    Kind.PYTHON: "Python file",
    Kind.NOTEBOOK: "notebook",
    **dict.fromkeys(MANIFEST_KINDS, "Python dependency file"),
    **dict.fromkeys(LOCK_KINDS, "lock file"),
}


def verdict(report: Report, context: Context) -> list[str]:
    """The lines that end a run."""
    if not report.files:
        return ["Nothing to scan."]
    if not report.kinds and not report.unparsed:
        files = "it is of no" if report.files == 1 else f"none of the {report.files:,} files is of a"
        return [f"Nothing to scan: {files} kind that armready reads (Dockerfiles, CI and build files, manifests, Python projects)."]
    lines = [recognised(report, context)]
    if context.readiness and context.complete and context.readiness.families:
        lines.append(readiness_line(context.readiness))
    if context.fixed is not None:
        lines.append(fixed_line(context))
    lines.append(f"{summary_line(report)}. {next_step(report, context)}".rstrip())
    lines += old_facts(context)
    return lines


def old_facts(context: Context) -> list[str]:
    """One line where a year has passed since the newest fact about images, packages and tools."""
    as_of = newest()
    if context.today is None or context.online or days_between(as_of, context.today) <= _YEAR:
        return []
    return [f"What armready knows of images, packages and tools ends at {as_of}: a newer armready, or --online, knows more."]


def recognised(report: Report, context: Context) -> str:
    """`Recognised 13 Dockerfiles and 7 workflows; 531 other files have nothing that armready reads.`"""
    groups = Counter[str]()
    for kind in Kind:
        if kind in report.kinds and kind is not Kind.YAML:
            groups[_NOUNS.get(kind, "build file")] += report.kinds[kind]
    known = ", ".join(plural(number, noun) for noun, number in groups.items()) or "nothing"
    others = report.files - sum(groups.values())
    if not others or not context.complete:
        return f"Recognised {known}."
    rest = plural(others, "other file" if groups else "file")
    return f"Recognised {known}; {rest} {'has' if others == 1 else 'have'} nothing that armready reads."


def readiness_line(state: Readiness) -> str:
    """`Images 11 of 13 ready, 1 blocked, 1 unknown · Workloads ...`"""
    return " · ".join(f"{TITLES.get(each.name, each.name)} {family_words(each)}" for each in state.families)


def family_words(family: Family) -> str:
    """`11 of 13 ready, 1 blocked, 1 unknown`, in the same words wherever it stands."""
    rest = [f"{number:,} {LABELS[state]}" for state, number in family.states.items() if state is not State.READY]
    return ", ".join((f"{family.ready:,} of {family.total:,} ready", *rest))


def fixed_line(context: Context) -> str:
    """What a run of fixes changed, file by file."""
    outcome = context.fixed
    if outcome is None or not outcome.applied:
        return "Nothing was fixed."
    groups: dict[str, dict[str, None]] = {}
    for each in outcome.applied:
        groups.setdefault(each.path, {})[each.code] = None
    touched = sorted({*groups, *outcome.changes})
    files = [f"{escape(context.shown_path(path))} ({', '.join(groups.get(path, ['with them']))})" for path in touched]
    more = f" and {plural(len(files) - _NAMED_FILES, 'more file')}" if len(files) > _NAMED_FILES else ""
    return f"Fixed {plural(len(outcome.applied), 'place')} in {plural(len(files), 'file')}: {', '.join(files[:_NAMED_FILES])}{more}."


def next_step(report: Report, context: Context) -> str:
    """The command to run next, and what it does."""
    forecast = context.forecast or Forecast()
    extra = forecast.unsafe.findings - forecast.safe.findings
    if forecast.safe.findings:
        more = f"; {extra:,} more with --unsafe-fixes, after a look" if extra > 0 else ""
        return f"Next: {context.command}  ({_mends(forecast.safe)}{more})"
    if forecast.unsafe.findings:
        return f"Next: {context.command} --unsafe-fixes --diff  (shows what {_mends(forecast.unsafe)}; look before you leave out --diff)"
    serious = [each for each in report.findings if each.severity is not Severity.INFO]
    if serious:
        worst = min(serious, key=lambda each: (each.severity.rank, each.sort_key))
        return f"Next: armready rule {worst.code}  (what to do by hand; there is no edit to apply)"
    if context.fixed is not None and context.fixed.applied:
        return "Next: git diff  (read it, then build for linux/arm64)"
    if _unjudged(report, context):
        return "Next: armready scan --online  (asks the registries and indexes about what is unknown)"
    return "" if report.failures or report.unparsed or not context.complete else "Next: armready init  (the gate that keeps it so)"


def _mends(made: Made) -> str:
    words = f"mends {plural(made.findings, 'place')} in {plural(len(made.files), 'file')}"
    if made.following:
        words += f", {made.following:,} of them after others"
    return words + (f", {made.unlisted:,} of them not listed here" if made.unlisted else "")


def _unjudged(report: Report, context: Context) -> bool:
    if context.online or not context.complete:
        return False
    unknown = sum(each.unknown for each in context.readiness.families) if context.readiness else 0
    return bool(unknown or report.summaries)
