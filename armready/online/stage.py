"""The stage before the first pass that turns unknown into facts: what the files name is looked up, and the answers join the settings.

The rules stay what they are, pure functions of a file, the settings and the facts: they see better facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from armready.core.config import Config
from armready.core.errors import RefusedCacheError
from armready.core.known import ClosurePackage, Known, PackageAnswer
from armready.core.startup import dataclass
from armready.online.addresses import Hosts
from armready.online.assets import look_up_assets
from armready.online.auth import Credentials
from armready.online.cache import AnswerCache
from armready.online.checksums import look_up_checksums
from armready.online.closure import closure
from armready.online.gather import Questions, questions
from armready.online.indexes import indexes
from armready.online.lookup import Tally, in_parallel, look_up_images
from armready.online.pypi import look_up_packages
from armready.online.registry import RegistryClient
from armready.online.web import Web
from armready.run.private_files import accepted_location
from armready.run.registry import Registry

if TYPE_CHECKING:
    from armready.core.config import Settings
    from armready.core.tree import Tree
    from armready.run.session import Session


@dataclass(frozen=True)
class Informed:
    """A session that knows more, and how it came to know it."""

    session: Session
    tally: Tally


def inform(session: Session) -> Informed:
    """Look up what the files of a session name. An outage changes nothing but the summary."""
    asked = questions(session.tree, session.paths, session.settings)
    learned, tally = look_up(asked, session.settings, session.tree, session.root)
    settings = replace(session.settings, known=session.settings.known.merged(learned))
    config = Config(settings, session.config.origins)
    failures = tuple(dict.fromkeys((*session.failures, *tally.failures)))
    return Informed(replace(session, config=config, registry=Registry(settings), failures=failures), tally)


def look_up(
    asked: Questions, settings: Settings, tree: Tree, root: Path, *, typed: Iterable[str] = (), sizes: bool = False
) -> tuple[Known, Tally]:
    """Ask registries and indexes everything at once.

    Args:
        asked: what to ask.
        settings: the user's own keys say whom.
        tree: the project.
        root: where it lies.
        typed: registries that the user typed on the command line.
        sizes: the sizes of images too.
    """
    credentials = Credentials(root=root)
    places = indexes(tree, asked.options, root=root)
    web = _web(settings, (*credentials.hosts, *typed), [each.url for each in places.places if each.of_user])
    cache = _answers(root, web)
    insecure, token_hosts = settings.insecure_registries, settings.token_hosts
    client = RegistryClient(web, credentials, mirrors=settings.mirrors, insecure=insecure, token_hosts=token_hosts)

    def python() -> tuple[dict[str, PackageAnswer], dict[str, tuple[ClosurePackage, ...]], Tally]:
        closures, tally = in_parallel(asked.inputs, lambda requirements: closure(requirements, _python(settings), places, root))
        names = asked.packages | {package.name for found in closures.values() for package in found}
        packages, more = look_up_packages(sorted(names), places, web, cache)
        tally.add(more)
        return packages, closures, tally

    try:
        with ThreadPoolExecutor(4) as pool:
            of_images = pool.submit(look_up_images, tuple(asked.images.values()), client, cache, sizes=sizes)
            of_python = pool.submit(python)
            of_assets = pool.submit(look_up_assets, sorted(asked.assets), web, cache)
            of_checksums = pool.submit(look_up_checksums, tuple(asked.checksums.values()), web)
            images, tally = of_images.result()
            packages, closures, more = of_python.result()
            assets, rest = of_assets.result()
            checksums, verified = of_checksums.result()
    finally:
        web.close()
    for each in (more, rest, verified):
        tally.add(each)
    tally.failures += asked.failures
    return Known(images, packages, assets=assets, closures=closures, checksums=checksums), tally


def _web(settings: Settings, registries: Iterable[str], urls: Iterable[str]) -> Web:
    """A client that knows the hosts of the user's own configuration."""
    addresses = tuple(urls)
    plain = Hosts.of(settings.insecure_registries, (80, 443)) | Hosts.of(each for each in addresses if each.startswith("http://"))
    token_hosts = (host for hosts in settings.token_hosts.values() for host in hosts)
    mirrors = (each.rpartition("://")[2] for each in settings.mirrors)
    named = Hosts.of((*settings.private_hosts, *mirrors, *settings.token_hosts, *token_hosts, *registries, *addresses))
    return Web(named | plain, plain)


def _answers(root: Path, web: Web) -> AnswerCache | None:
    try:
        return AnswerCache(accepted_location(root), web.allowed)
    except RefusedCacheError:
        return None


def _python(settings: Settings) -> str:
    """The Python that a closure is resolved for."""
    return settings.pythons[-1] if settings.pythons else "3.12"
