"""Scripts and commands of containers in Kubernetes objects that are pipelines: Tekton's steps, Argo's templates."""

from __future__ import annotations

from collections.abc import Mapping

from armready.builds.model import Step
from armready.builds.variables import expand
from armready.core.file import File
from armready.languages.yaml.nodes import Node, get, span, text_of
from armready.systems.argument_list import command_line
from armready.systems.cloudbuild import inline_script
from armready.systems.keyed_steps import Context, script_step
from armready.systems.yaml_steps import named_environment


def container_step(
    file: File, container: Node, shell: int, detect_only: str, name: str, parameters: Mapping[str, tuple[str, ...]] | None = None
) -> Step | None:
    """What one container runs; None when its image alone decides.

    Args:
        file: where it stands.
        container: its mapping.
        shell: its number.
        detect_only: why no fix may touch it.
        name: of the step.
        parameters: what the image may be made of.
    """
    context = Context(
        named_environment(get(container, "env")), _folder(text_of(get(container, "workingDir")) or ""), detect_only=detect_only
    )
    script = get(container, "script") or get(container, "source")
    if script is not None:
        return script_step(file, script, None, shell, context, name)
    command, arguments = get(container, "command"), get(container, "args")
    inner = inline_script(arguments) or inline_script(command)
    if inner is None and text_of(get(command, -1)) == "-c":
        inner = get(arguments, 0)  # type: ignore[assignment]
    if inner is not None:
        return script_step(file, inner, None, shell, context, name)
    program = (
        " ".join(text for each in getattr(command, "value", ()) if (text := text_of(each)))
        if command is not None
        else _program(expand(text_of(get(container, "image")) or "", parameters or {})[0])
    )
    line = command_line(file, arguments, program) if arguments is not None else command_line(file, command, "")
    if line is None or not program:
        return None
    place = arguments if arguments is not None else command
    assert place is not None
    return Step(span(place), line, name=name, shell=shell, environment=context.environment, folder=context.folder)


def _program(image: str) -> str:
    """The program of an image whose container names none."""
    if "kaniko" in image and "executor" in image:
        return "/kaniko/executor"
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return name or "unknown"


def _folder(path: str) -> str | None:
    return "" if not path or path.startswith(("/", "$", "{")) else path
