"""The options of container tools: which take a value, and what their short names stand for.

Those of docker CLI 29 and buildx 0.36, podman 5 and buildah 1.41, read in August 2026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from armready.core.startup import regex


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


class Syntax(NamedTuple):
    """How the options of a verb are read.

    Attributes:
        values: those that take a value.
        short: the long names of one-letter options.
    """

    values: frozenset[str]
    short: Mapping[str, str]


def _syntax(values: str, short: str) -> Syntax:
    return Syntax(words(values), dict(pair.split("=") for pair in short.split()))


GLOBAL_VALUES = words(
    "--config -c --context -H --host -l --log-level --tlscacert --tlscert --tlskey --root --storage-driver --namespace -n "
    "--address -a --url --connection --identity --storage-opt --runroot --tmpdir --events-backend --log-opt"
)
BUILDX_VALUES = frozenset({"--builder"})
COMPOSE_VALUES = words(
    "-f --file -p --project-name --profile --project-directory --env-file --ansi --progress --parallel --context -c -H --host --log-level"
)

_BUILD_SHORT = "t=tag f=file o=output m=memory c=cpu-shares q=quiet D=debug v=volume a=all-tags"
DOCKER_BUILD = _syntax(
    "add-host allow annotation attest build-arg build-context builder cache-from cache-to call cgroup-parent file "
    "iidfile label metadata-file network no-cache-filter output platform policy progress provenance resource sbom "
    "secret shm-size ssh tag target ulimit isolation security-opt memory memory-swap cpu-shares cpu-period cpu-quota "
    "cpuset-cpus cpuset-mems print",
    _BUILD_SHORT,
)
PODMAN_BUILD = DOCKER_BUILD._replace(
    values=DOCKER_BUILD.values
    | words(
        "arch os variant authfile build-arg-file cert-dir cpp-flag creds decryption-key device dns dns-option env format "
        "from group-add hooks-dir http-proxy ignorefile ipc jobs logfile logsplit manifest namespace os-feature "
        "os-version pid retry retry-delay runtime runtime-flag sbom-output sign-by timestamp source-date-epoch unsetenv "
        "unsetlabel userns uts volume cap-add cap-drop layer-label signature-policy storage-driver root dns-search"
    )
)
COMPOSE_BUILD = _syntax("build-arg builder memory ssh progress m provenance sbom", "m=memory q=quiet")
BAKE = _syntax("file set builder metadata-file progress provenance sbom allow call list var", "f=file")
RUN = _syntax(
    "add-host annotation attach blkio-weight cap-add cap-drop cidfile cpus cpu-shares cpuset-cpus detach-keys device "
    "dns entrypoint env env-file expose gpus group-add health-cmd hostname ip ipc label link log-driver log-opt "
    "memory mount name net network network-alias pid platform publish pull restart runtime security-opt shm-size "
    "stop-signal stop-timeout sysctl tmpfs ulimit user userns volume volumes-from workdir",
    "e=env v=volume p=publish u=user w=workdir h=hostname m=memory l=label a=attach",
)
CREATE_BUILDER = _syntax("buildkitd-flags buildkitd-config config driver driver-opt name node platform builder", "")
MANIFEST = _syntax(
    "authfile cert-dir creds digestfile format os arch variant os-version annotation tag file builder progress",
    "t=tag f=file",
)
PUSH = _syntax(
    "platform authfile cert-dir creds compression-format compression-level digestfile encryption-key format sign-by retry retry-delay",
    "a=all-tags q=quiet",
)
PULL = _syntax("platform arch os authfile creds", "a=all-tags q=quiet")
SAVE = _syntax("output platform format", "o=output q=quiet")
LOAD = _syntax("input platform", "i=input q=quiet")
LOGIN = _syntax("username password authfile", "u=username p=password")
BUILDCTL = _syntax(
    "output progress trace local oci-layout frontend opt frontend-opt export-cache import-cache secret allow ssh "
    "metadata-file source-policy-file addr",
    "o=output",
)
KANIKO = _syntax(
    "context dockerfile destination build-arg cache-repo cache-dir cache-ttl context-sub-path custom-platform "
    "customPlatform digest-file git image-name-with-digest-file image-name-tag-with-digest-file label log-format "
    "oci-layout-path registry-mirror skip-tls-verify-registry snapshot-mode snapshotMode tar-path tarPath target "
    "verbosity ignore-path image-fs-extract-retry push-retry registry-certificate",
    "c=context f=dockerfile d=destination v=verbosity",
)
PACK = _syntax(
    "builder buildpack env env-file path platform tag cache cache-image descriptor run-image lifecycle-image network "
    "volume workspace previous-image default-process docker-host extension gid pull-policy post-buildpack "
    "pre-buildpack creation-time sbom-output-dir",
    "B=builder b=buildpack e=env p=path t=tag",
)
KO = _syntax(
    "platform tags tag image-label sbom sbom-dir jobs image-refs filename oci-layout-path tarball docker-repo  image-annotation image-user",
    "t=tags f=filename L=local B=base-import-paths P=preserve-import-paths R=recursive j=jobs",
)
SKOPEO = _syntax(
    "authfile src-creds dest-creds src-authfile dest-authfile src-cert-dir dest-cert-dir format multi-arch "
    "additional-tag sign-by src-registry-token dest-registry-token src-username src-password dest-username "
    "dest-password retry-times override-arch override-os override-variant policy",
    "a=all f=format q=quiet",
)
CRANE = _syntax("platform image-refs tag tags base annotation label set-digest manifest new_layer append output", "t=tag b=base v=verbose")
SKAFFOLD = _syntax(
    "filename default-repo kube-context kubeconfig tag profile module namespace platform build-image file-output "
    "label config build-artifacts cache-file verbosity",
    "f=filename d=default-repo t=tag p=profile m=module n=namespace b=build-image",
)
GORELEASER = _syntax("config timeout parallelism skip id release-notes release-header release-footer", "f=config p=parallelism")
OTHER = _syntax("tag file platform registry image name config", "t=tag f=file r=registry p=profile")

# What the name of a variable ends in that holds the tool.
TOOL_VARIABLES = (
    "docker", "podman", "buildah", "nerdctl", "container_tool", "container_engine", "container_runtime", "container_cli", "container_cmd",
    "container_builder", "oci_runtime", "oci_bin", "cri_bin", "image_builder", "builder", "docker_cmd", "docker_bin", "engine",
    "img_builder", "contengine", "docker_cli", "docker_command",
)  # fmt: skip
TOOL_VARIABLE = regex(
    rf"""^["']?\$[({{]?(?:[A-Z0-9_]*_)?({"|".join(TOOL_VARIABLES)})(?:_?(?:cmd|bin|exe|cli|command))?[)}}]?["']?$""", re.IGNORECASE
)
