"""What a registry holds under a reference: the OCI distribution API, read directly.

One request asks for all media types at once: a registry that is asked for a single manifest alone answers with amd64's and does not say so.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from armready.core.known import ImageAnswer, PlatformImage, canonical
from armready.core.reference import DOCKER_HUB, Reference
from armready.core.startup import dataclass, regex
from armready.online.addresses import Hosts, Target
from armready.online.auth import Credential, Credentials
from armready.online.errors import NotFoundError, UnansweredError
from armready.online.web import Answer, Web

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
ACCEPT = ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SIGNED))

_CONFIGS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
_HUB_HOST = "registry-1.docker.io"
_ATTESTATION = "vnd.docker.reference.type"
_CHALLENGE = regex(r'(?<!\w)(\w+)="([^"]*)"')
_DIGEST = regex(r"sha256:[0-9a-f]{64}")
_NAME = regex(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?(?:/[\w.-]+)*")
_DEFAULT_VARIANTS = frozenset({"linux/arm64/v8", "linux/amd64/v1"})
_MAX_MANIFEST = 4_000_000
_MAX_TOKEN = 1_000_000

# Public registries whose tokens come from another host (2026-11, by their documentation).
_TOKEN_HOSTS: Mapping[str, tuple[str, ...]] = {
    _HUB_HOST: ("auth.docker.io",),
    "registry.gitlab.com": ("gitlab.com",),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository is asked for: `host` may carry a port, `scheme` is settled when it first answers."""

    host: str
    repository: str

    @property
    def target(self) -> Target:
        """Where its requests go.

        Raises:
            UnansweredError: it is no address.
        """
        return Target.of(f"https://{self.host}/")

    @property
    def loopback(self) -> bool:
        """It is this machine."""
        return self.target.on_this_machine


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as the registry gave it, checked against its digest."""

    digest: str
    media_type: str
    document: Mapping[str, Any]
    size: int


class RegistryClient:
    """Asks registries; many threads share one."""

    def __init__(
        self,
        web: Web,
        credentials: Credentials,
        *,
        mirrors: Iterable[str] = (),
        insecure: Iterable[str] = (),
        token_hosts: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Create a client.

        Args:
            web: how to ask.
            credentials: the user's own.
            mirrors: registry prefixes that are asked before Docker Hub.
            insecure: hosts that may be asked over plain HTTP, always without credentials.
            token_hosts: registry -> the other hosts that its tokens come from, by the user's own configuration.
        """
        self._web = web
        self._credentials = credentials
        self._mirrors = tuple(mirrors)
        self._insecure = frozenset(insecure)
        self._token_hosts = {**_TOKEN_HOSTS, **(token_hosts or {})}
        self._withheld: dict[str, str] = {}
        self._schemes: dict[str, str] = {}
        self._authorization: dict[tuple[str, str], str] = {}
        self._locks: dict[tuple[str, str], threading.Lock] = {}
        self._guard = threading.Lock()

    def look_up(self, reference: Reference, *, sizes: bool = False) -> ImageAnswer:
        """The platforms of what a reference stands for.

        Args:
            reference: without variables.
            sizes: add up the layers of each platform, which takes a request for each.

        Raises:
            NotFoundError: the registry knows no such thing, or hides it.
            UnansweredError: no answer, or one that cannot be trusted.
        """
        place, manifest = self._found(reference)
        platforms = tuple(self._platforms(place, manifest))
        if sizes:
            platforms = tuple(self._sized(place, manifest, each) for each in platforms)
        return ImageAnswer(
            reference=canonical(reference) or reference.text,
            digest=manifest.digest,
            media_type=manifest.media_type,
            index="manifests" in manifest.document,
            platforms=platforms,
            as_of=date.today().isoformat(),
        )

    def digest(self, reference: Reference) -> str:
        """The digest that a tag stands for today, asked with HEAD: Docker Hub does not count it against its limit.

        Raises:
            UnansweredError: as `look_up`.
        """
        problem: UnansweredError | None = None
        for place in self._places(reference):
            try:
                answer = self._ask(place, f"manifests/{reference.digest or reference.known_tag}", method="HEAD")
                return answer.headers.get("docker-content-digest", "")
            except UnansweredError as error:
                problem = error
        raise problem or UnansweredError(f"{reference.short} names no registry")

    def sources(self, reference: Reference) -> str:
        """Everybody who may answer for a reference, in the order in which they are asked, and how: an answer counts for no other list.

        Raises:
            UnansweredError: nobody can.
        """
        names = []
        for place in self._places(reference):
            plain = place.loopback or place.host in self._insecure
            names.append(f"{'http' if plain else 'https'}://{place.host}/{place.repository}")
        return " ".join(names)

    def _found(self, reference: Reference) -> tuple[Place, Manifest]:
        problem: UnansweredError | None = None
        for place in self._places(reference):
            try:
                return place, self._manifest(place, reference.digest or reference.known_tag or "latest")
            except UnansweredError as error:
                problem = error
        raise problem or UnansweredError(f"{reference.short} names no registry")

    def _places(self, reference: Reference) -> list[Place]:
        """Where to ask: as it is written; a name of Docker Hub first at the mirrors."""
        if canonical(reference) is None:
            raise UnansweredError(f"{reference.short} holds a variable")
        if not _NAME.fullmatch(reference.name):
            raise UnansweredError(f"{reference.short} is no name of an image")
        host, slash, path = reference.name.partition("/")
        written_host = slash and ("." in host or ":" in host or host == "localhost")
        hub = Place(_HUB_HOST, reference.repository)
        if written_host and host not in ("docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"):
            return [Place(host, path)]
        if reference.registry != DOCKER_HUB:
            return [Place(reference.registry, reference.repository)]
        mirrored = (mirror.removeprefix("https://").removeprefix("http://").rstrip("/").partition("/") for mirror in self._mirrors)
        return [*(Place(host, "/".join(filter(None, (path, reference.repository)))) for host, _, path in mirrored), hub]

    def _manifest(self, place: Place, name: str) -> Manifest:
        answer = self._ask(place, f"manifests/{name}")
        computed = "sha256:" + hashlib.sha256(answer.body).hexdigest()
        document = _json(answer.body, place)
        media_type = str(document.get("mediaType") or answer.headers.get("content-type", "").partition(";")[0])
        signed = document.get("schemaVersion") == 1
        if _DIGEST.fullmatch(name) and computed != name and not signed:
            raise UnansweredError(f"{place.host} answered with other content than {name[:19]}…")
        return Manifest(
            answer.headers.get("docker-content-digest", computed) if signed else computed, media_type, document, len(answer.body)
        )

    def _platforms(self, place: Place, manifest: Manifest) -> Iterable[PlatformImage]:
        if "manifests" not in manifest.document:
            yield self._single(place, manifest)
            return
        entries = manifest.document["manifests"]
        for entry in entries if isinstance(entries, list) else ():
            described = _mapping(entry)
            platform = _platform(_mapping(described.get("platform")))
            if platform is not None and _ATTESTATION not in _mapping(described.get("annotations")):
                yield PlatformImage(platform, str(described.get("digest", "")), str(described.get("mediaType", "")))

    def _single(self, place: Place, manifest: Manifest) -> PlatformImage:
        """A manifest without an index: its configuration tells the platform."""
        document = manifest.document
        if document.get("schemaVersion") == 1:
            return PlatformImage(f"linux/{document.get('architecture', 'amd64')}", manifest.digest, manifest.media_type)
        config = _mapping(document.get("config"))
        if config.get("mediaType") not in _CONFIGS or not _DIGEST.fullmatch(str(config.get("digest"))):
            raise UnansweredError(f"{place.host}/{place.repository} holds no container image under that name")
        answer = self._ask(place, f"blobs/{config['digest']}")
        if "sha256:" + hashlib.sha256(answer.body).hexdigest() != config["digest"]:
            raise UnansweredError(f"{place.host} answered with other content than {config['digest'][:19]}…")
        platform = _platform(_json(answer.body, place))
        if platform is None:
            raise UnansweredError(f"{place.host}/{place.repository}: the image does not say its platform")
        return PlatformImage(platform, manifest.digest, manifest.media_type, _layers(document))

    def _sized(self, place: Place, manifest: Manifest, each: PlatformImage) -> PlatformImage:
        if each.size or each.digest == manifest.digest:
            return each
        return PlatformImage(each.platform, each.digest, each.media_type, _layers(self._manifest(place, each.digest).document))

    def _ask(self, place: Place, path: str, method: str = "GET") -> Answer:
        """One authorised answer of status 200."""
        key = (place.host, place.repository)
        known = self._authorization.get(key)
        answer = self._send(place, path, method, known)
        if answer.status == 401 and Target.of(answer.url).host != place.target.host:
            raise UnansweredError(f"{place.host} redirects to {Target.of(answer.url).shown}, which needs credentials")
        if answer.status == 401:
            with self._lock(key):
                renewed = self._authorization.get(key)
                if renewed is None or renewed == known:
                    renewed = self._authorize(place, answer)
                    self._authorization[key] = renewed
            answer = self._send(place, path, method, renewed)
        if answer.status == 200:
            return answer
        what = f"{place.host}/{place.repository}"
        if answer.status == 404:
            raise NotFoundError(f"{what} holds no {path.partition('/')[2][:60]}")
        if answer.status in (401, 403):
            raise self._denied(place)
        raise UnansweredError(f"{place.host} answers {answer.status}")

    def _denied(self, place: Place) -> NotFoundError:
        realm = self._withheld.get(place.host)
        reason = f"; none are sent to {realm}, which your configuration does not name for it (token-hosts)" if realm else ""
        return NotFoundError(f"{place.host}/{place.repository} does not exist or needs other credentials{reason}")

    def _lock(self, key: tuple[str, str]) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(key, threading.Lock())

    def _send(self, place: Place, path: str, method: str, authorization: str | None) -> Answer:
        headers = {"Accept": ACCEPT if path.startswith("manifests/") else "*/*"}
        if authorization:
            headers["Authorization"] = authorization
        settled = self._schemes.get(place.host)
        scheme = settled or "https"
        url = f"{scheme}://{place.host}/v2/{quote(place.repository)}/{quote(path, safe='/:')}"
        try:
            answer = self._web.get(url, headers, method=method, limit=_MAX_MANIFEST)
        except UnansweredError:
            if settled or not (place.loopback or place.host in self._insecure):
                raise
            if not place.loopback:
                headers.pop("Authorization", None)
            answer = self._web.get("http" + url.removeprefix("https"), headers, method=method, limit=_MAX_MANIFEST)
            scheme = "http"
        self._schemes.setdefault(place.host, scheme)
        return answer

    def _authorize(self, place: Place, refused: Answer) -> str:
        """The Authorization header that answers a challenge."""
        challenge = refused.headers.get("www-authenticate", "")
        plain = self._schemes.get(place.host) == "http" and not place.loopback
        credential = None if plain else self._credentials.of(DOCKER_HUB if place.host == _HUB_HOST else place.host)
        scheme = challenge.partition(" ")[0].lower()
        if scheme == "basic" and credential is not None and credential.user:
            return credential.basic
        if scheme != "bearer":
            raise NotFoundError(f"{place.host} needs credentials")
        return "Bearer " + self._token(place, dict(_CHALLENGE.findall(challenge)), credential)

    def _token(self, place: Place, challenge: Mapping[str, str], credential: Credential | None) -> str:
        """A bearer token from the realm that the registry names.

        Credentials go to the registry's own host, or to one that is known to give its tokens, behind TLS or from this machine to itself.
        Any other realm is asked without them, and at a public address only, because its answer goes to the registry.
        """
        realm = self._realm(place, challenge.get("realm", ""))
        own = place.target
        same = realm.host == own.host and (realm.port == own.port or not own.on_this_machine)
        known = same or realm in Hosts.of(self._token_hosts.get(place.host, ()))
        protected = realm.secure or (place.loopback and realm.on_this_machine)
        if credential is not None and not (known and protected):
            self._withheld[place.host] = realm.shown
            credential = None
        asked = {
            "service": challenge.get("service", ""),
            "scope": challenge.get("scope") or f"repository:{place.repository}:pull",
        }
        url = str(realm.url)
        if credential is not None and credential.identity_token:
            data = {**asked, "grant_type": "refresh_token", "refresh_token": credential.identity_token, "client_id": "armready"}
            answer = self._web.get(url, method="POST", data=data, limit=_MAX_TOKEN, public=not known)
        else:
            headers = {"Authorization": credential.basic} if credential is not None else {}
            separator = "&" if realm.url.query else "?"
            answer = self._web.get(f"{url}{separator}{urlencode(asked)}", headers, limit=_MAX_TOKEN, public=not known)
        if answer.status != 200:
            raise self._denied(place)
        document = _json(answer.body, place)
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not token.isprintable() or not token.isascii():
            raise UnansweredError(f"{place.host} gives no token")
        return token

    def _realm(self, place: Place, written: str) -> Target:
        try:
            realm = Target.of(written.partition("#")[0])
        except UnansweredError as error:
            raise UnansweredError(f"{place.host} names no address for its tokens") from error
        if not realm.secure and not (place.loopback and realm.on_this_machine) and place.host not in self._insecure:
            raise UnansweredError(f"{place.host} wants its tokens fetched from an unprotected address")
        return realm


def _json(body: bytes, place: Place) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnansweredError(f"{place.host} answers with something that is no JSON") from error
    if not isinstance(document, dict):
        raise UnansweredError(f"{place.host} answers with something unexpected")
    return document


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _platform(data: Mapping[str, Any]) -> str | None:
    """`linux/arm64` of an index entry or an image configuration; None for what is no image, such as an attestation."""
    os, arch, variant = (str(data.get(key) or "") for key in ("os", "architecture", "variant"))
    if not os or not arch or "unknown" in (os, arch):
        return None
    platform = "/".join(filter(None, (os, arch, variant)))
    return platform.rpartition("/")[0] if platform in _DEFAULT_VARIANTS else platform


def _layers(document: Mapping[str, Any]) -> int:
    layers = document.get("layers")
    sizes = (_mapping(each).get("size") for each in layers) if isinstance(layers, list) else ()
    return sum(size for size in sizes if isinstance(size, int))
