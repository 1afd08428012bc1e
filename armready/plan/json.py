"""A plan as one JSON object, and its schema."""

from __future__ import annotations

from typing import Any

from armready import __version__
from armready.plan.model import How, Node, Plan, Sort, Status, Step, Tally, Wave
from armready.reporters.base import dump_json

VERSION = 1


def render(plan: Plan) -> str:
    """The object, indented."""
    return dump_json(document(plan)) + "\n"


def document(plan: Plan) -> dict[str, Any]:
    """The object as plain data. Keys may be added within a version, never removed."""
    return {
        "version": VERSION,
        "tool": {"name": "armready", "version": __version__},
        "complete": plan.complete,
        "now": _tally(plan.now),
        "nodes": [_node(node, plan.status[key]) for key, node in plan.graph.nodes.items()],
        "edges": [{"from": key, "to": need} for key, node in plan.graph.nodes.items() for need in node.needs],
        "waves": [_wave(number, wave) for number, wave in enumerate(plan.waves, 1)],
    }


def _tally(tally: Tally) -> dict[str, dict[str, int]]:
    counted = (Sort.WORKLOAD, Sort.IMAGE, Sort.DOCKERFILE)
    return {f"{sort}s": {"total": tally.total(sort), **{each.value: tally.of(sort, each) for each in Status}} for sort in counted}


def _node(node: Node, status: Status) -> dict[str, Any]:
    return {
        "key": node.key,
        "kind": node.sort.value,
        "title": node.title,
        "path": node.path,
        "line": node.line,
        "status": status.value,
        "by_itself": node.own.value,
        "reason": node.reason,
    }


def _wave(number: int, wave: Wave) -> dict[str, Any]:
    return {
        "wave": number,
        "cycles": [list(cycle) for cycle in wave.cycles],
        "steps": [_step(step) for step in wave.steps],
        "after": _tally(wave.after),
        "at_best": _tally(wave.at_best),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "how": step.how.value,
        "where": step.where,
        "path": step.path,
        "what": list(step.what),
        "codes": list(step.codes),
        "command": step.command,
        "notes": list(step.notes),
        "options": list(step.options),
        "nodes": list(step.nodes),
        "unblocks": list(step.unblocks),
        "owners": list(step.owners),
    }


def schema() -> dict[str, Any]:
    """The JSON schema of the object."""
    text, number = {"type": "string"}, {"type": "integer", "minimum": 0}
    texts = {"type": "array", "items": text}
    counts = _object({"total": number, **{each.value: number for each in Status}})
    tally = _object({"workloads": counts, "images": counts, "dockerfiles": counts})
    status = {"enum": [each.value for each in Status]}
    node = _object(
        {
            **dict.fromkeys(("key", "title", "path", "reason"), text),
            "kind": {"enum": [each.value for each in Sort]},
            "line": number,
            "status": status,
            "by_itself": status,
        }
    )
    step = _object(
        {
            "how": {"enum": [each.value for each in How]},
            **dict.fromkeys(("where", "path", "command"), text),
            **dict.fromkeys(("what", "codes", "notes", "options", "nodes", "unblocks", "owners"), texts),
        }
    )
    wave = _object(
        {
            "wave": {"type": "integer", "minimum": 1},
            "cycles": {"type": "array", "items": texts},
            "steps": {"type": "array", "items": step},
            "after": tally,
            "at_best": tally,
        }
    )
    top = _object(
        {
            "version": {"const": VERSION},
            "tool": _object({"name": text, "version": text}),
            "complete": {"type": "boolean"},
            "now": tally,
            "nodes": {"type": "array", "items": node},
            "edges": {"type": "array", "items": _object({"from": text, "to": text})},
            "waves": {"type": "array", "items": wave},
        }
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "The plan of armready, version 1", **top}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    """An object with these keys at least."""
    return {"type": "object", "properties": properties, "required": list(properties)}
