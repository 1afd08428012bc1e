"""Credentials for registries, found where the Docker client keeps them and sent nowhere else.

`DOCKER_AUTH_CONFIG` (a JSON text, as GitLab runners have it), then `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, then podman's
`auth.json`. A credential is looked up by the registry's host; the scanned tree can name a host, but not what is sent to it, and a file that
lies in it does not count.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from armready.core.config import lies_in
from armready.core.reference import DOCKER_HUB
from armready.core.startup import dataclass, regex
from armready.run.programs import environment, program

_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")
_HELPER_NAME = regex(r"[A-Za-z0-9._-]+")
_HELPER_SECONDS = 20
_TOKEN_USER = "<token>"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a registry accepts.

    Attributes:
        user: the user's name; empty with an identity token.
        secret: the password.
        identity_token: a refresh token, to be traded for a bearer token.
    """

    user: str = field(repr=False)
    secret: str = field(repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()


class Credentials:
    """All that the user's configuration holds, read when it is first asked for."""

    def __init__(self, environment: Mapping[str, str] | None = None, root: Path | None = None) -> None:
        """Create them.

        Args:
            environment: the environment variables; None: those of this process.
            root: the scanned tree.
        """
        self._environment = os.environ if environment is None else environment
        self._root = root
        self._found: dict[str, Credential | None] = {}

    def of(self, registry: str) -> Credential | None:
        """The credential for a registry's host, or None."""
        if registry not in self._found:
            self._found[registry] = next(filter(None, (self._from(config, registry) for config in self._configs)), None)
        return self._found[registry]

    @property
    def hosts(self) -> Iterator[str]:
        """The registries that the user's configuration names."""
        for config in self._configs:
            for key in ("auths", "credHelpers"):
                named = config.get(key)
                yield from map(_host_of, named if isinstance(named, dict) else ())

    @cached_property
    def _configs(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(self._read())

    def _read(self) -> Iterator[Mapping[str, Any]]:
        given = self._environment.get("DOCKER_AUTH_CONFIG")
        if given:
            yield _parsed(given)
        home = Path(self._environment.get("HOME") or Path.home())
        docker = Path(self._environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
        podman = self._environment.get("REGISTRY_AUTH_FILE") or (
            Path(self._environment.get("XDG_RUNTIME_DIR") or home / ".config") / "containers/auth.json"
        )
        for path in (docker, Path(podman)):
            if lies_in(path, self._root):
                continue
            try:
                yield _parsed(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError):
                continue

    def _from(self, config: Mapping[str, Any], registry: str) -> Credential | None:
        """A helper for this registry, then a stored entry, then the store for all registries: the order of the Docker client."""
        helpers = config.get("credHelpers")
        keys = _HUB_KEYS if registry == DOCKER_HUB else (registry,)
        if isinstance(helpers, dict):
            for key in keys:
                if isinstance(helpers.get(key), str):
                    return self._ask_helper(helpers[key], key)
        auths = config.get("auths")
        for name, entry in auths.items() if isinstance(auths, dict) else ():
            if isinstance(entry, dict) and (name in keys or _host_of(name) in keys):
                stored = _stored(entry)
                if stored is not None:
                    return stored
        store = config.get("credsStore")
        if isinstance(store, str) and store:
            return next(filter(None, (self._ask_helper(store, key) for key in keys[:1])), None)
        return None

    def _ask_helper(self, name: str, registry: str) -> Credential | None:
        """Run `docker-credential-NAME get`, a program that the user's own configuration names."""
        path = program(f"docker-credential-{name}", self._root) if _HELPER_NAME.fullmatch(name) else None
        if path is None:
            return None
        try:
            done = subprocess.run(
                [path, "get"],
                cwd=Path(path).anchor,
                env=environment(self._root),
                input=registry.encode(),
                capture_output=True,
                timeout=_HELPER_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode:
            return None
        found = _parsed(done.stdout.decode("utf-8", "replace"))
        user, secret = str(found.get("Username", "")), str(found.get("Secret", ""))
        if not secret:
            return None
        return Credential("", "", secret) if user == _TOKEN_USER else Credential(user, secret)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _host_of(name: str) -> str:
    return urlsplit(name).netloc if "://" in name else name.partition("/")[0]


def _stored(entry: Mapping[str, Any]) -> Credential | None:
    user, secret = str(entry.get("username", "")), str(entry.get("password", ""))
    try:
        decoded = base64.b64decode(str(entry.get("auth", "")), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        decoded = ""
    if ":" in decoded:
        user, _, secret = decoded.partition(":")
    token = str(entry.get("identitytoken", ""))
    return Credential(user, secret.rstrip("\0"), token) if (user and secret) or token else None
