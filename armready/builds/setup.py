"""What a job needs before it can build several platforms, as shell lines."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from armready.builds.events import Setup
from armready.builds.model import Host, HostKind, Needs
from armready.builds.timeline import Timeline
from armready.core.config import Settings

BUILDER = "armready"
CONTEXT = "armready-tls"


def needs(timeline: Timeline, before: float = inf) -> Needs:
    """What is missing of emulator and builder in a job, or in the part of it before an event."""
    emulator, builder = timeline.derive(_since)
    return Needs(emulator >= before, builder >= before)


def prepared(timeline: Timeline) -> Timeline:
    """The job if the repository's own actions set up all that is needed."""
    events = (
        [replace(event, kind=kind, detail="") for kind in ("emulator", "builder")]
        if isinstance(event, Setup) and event.kind == "action"
        else [event]
        for event in timeline
    )
    return Timeline(each for group in events for each in group)


def _since(timeline: Timeline) -> tuple[float, float]:
    """From which place on a job has an emulator of arm64, and a builder."""
    emulator = builder = inf
    for event in reversed(timeline.of(Setup)):
        remote = event.kind == "builder" and event.detail in ("cloud", "kubernetes", "remote")
        if remote or (event.kind == "emulator" and emulates_arm64(event.detail)):
            emulator = event.order
        if remote or (event.kind == "builder" and event.detail in ("docker-container", "")):
            builder = event.order
    return emulator, builder


def emulates_arm64(detail: str) -> bool:
    """Whether an emulator's platforms, where they are named, have arm64 among them."""
    if "--install" in detail:
        chosen = detail.split("--install", 1)[1].split()
        return bool(chosen) and any(each in chosen[0] for each in ("arm64", "aarch64", "all", "$"))
    named = [word for word in ("amd64", "arm64", "aarch64", "arm/", "386", "s390x", "ppc64le") if word in detail]
    return not named or "arm64" in detail or "aarch64" in detail or "all" in detail


def _emulated(settings: Settings) -> str:
    """The architectures of the configured platforms that an amd64 machine must emulate, as binfmt names them."""
    names = (each.removeprefix("linux/").partition("/")[0] for each in settings.platforms)
    return ",".join(dict.fromkeys(name for name in names if name not in ("amd64", "386"))) or "arm64"


def lines(host: Host, missing: Needs, settings: Settings, *, repeated: bool = False) -> tuple[str, ...]:
    """The shell lines that give a job what it is missing; `repeated`: they may run several times on one machine."""
    found: list[str] = []
    known = f"docker buildx inspect {BUILDER} >/dev/null 2>&1 || "
    image = f" --driver-opt image={settings.buildkit_image}" if settings.buildkit_image else ""
    if missing.emulator and host.kind is not HostKind.PERSISTENT:
        found.append(f"docker run --privileged --rm {settings.binfmt_image} --install {_emulated(settings)}")
    if missing.builder and host.kind is HostKind.PERSISTENT:
        found.append(f"{known}docker buildx create --name {BUILDER} --driver docker-container{image}")
    elif missing.builder and host.tls:
        found.append(f"docker context create {CONTEXT}")
        found.append(f"docker buildx create --name {BUILDER} --driver docker-container{image} --use {CONTEXT}")
    elif missing.builder:
        found.append(f"{known if repeated else ''}docker buildx create --name {BUILDER} --driver docker-container{image} --use")
    return tuple(found)
