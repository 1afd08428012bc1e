"""A real Docker engine with buildx and QEMU, a registry, and base images in it, all on this machine.

Needs Debian or a derivative, root, and the machine's own package mirror; nothing else of the internet. The engine, containerd and
buildx come from a newer release than the one installed: their packages are downloaded with an apt state of their own and unpacked.
"""

import glob
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
ACCEPT = ", ".join((INDEX, MANIFEST, "application/vnd.docker.distribution.manifest.list.v2+json"))

MACHINES = {62: "amd64", 183: "arm64", 3: "386", 40: "arm"}
APPLETS = ["sh", "ls", "cat", "uname", "echo", "mkdir", "cp", "mv", "rm", "test", "wget", "chmod", "tar", "gzip", "env", "true", "printf"]

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_NEWER, _STABLE = "trixie", "bookworm"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def elf_machine(data: bytes) -> str | None:
    return MACHINES.get(int.from_bytes(data[18:20], "little"), "other") if data[:4] == b"\x7fELF" else None


class Registry:
    """A registry on loopback, spoken to over HTTP."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.base = f"http://{self.host}"

    def _ask(self, method: str, url: str, data: bytes | None = None, **headers: str):
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=named))

    def push_blob(self, name: str, data: bytes, media_type: str) -> dict:
        where = self._ask("POST", f"{self.base}/v2/{name}/blobs/uploads/", b"").headers["Location"]
        joint = "&" if "?" in where else "?"
        self._ask("PUT", f"{where}{joint}digest={urllib.parse.quote(digest(data))}", data, Content_Type="application/octet-stream")
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def push_manifest(self, name: str, manifest: dict, media_type: str, reference: str | None = None) -> dict:
        data = json.dumps(manifest).encode()
        self._ask("PUT", f"{self.base}/v2/{name}/manifests/{reference or digest(data)}", data, Content_Type=media_type)
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def push_image(self, name: str, tag: str, layers: dict[str, bytes], environment: tuple[str, ...] = ("PATH=/bin",)) -> None:
        """Push an index with one single-layer image per architecture."""
        manifests = []
        for architecture, raw in layers.items():
            config = {
                "architecture": architecture,
                "os": "linux",
                "config": {"Cmd": ["/bin/sh"], "Env": list(environment)},
                "rootfs": {"type": "layers", "diff_ids": [digest(raw)]},
                "history": [{"created_by": "base"}],
            }
            manifest = {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self.push_blob(name, json.dumps(config).encode(), CONFIG),
                "layers": [self.push_blob(name, gzip.compress(raw, 1, mtime=0), LAYER)],
            }
            platform = {"architecture": architecture, "os": "linux"}
            manifests.append({**self.push_manifest(name, manifest, MANIFEST), "platform": platform})
        self.push_manifest(name, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, INDEX, tag)

    def get(self, path: str) -> bytes:
        return self._ask("GET", f"{self.base}/v2/{path}", Accept=ACCEPT).read()

    def executables(self, name: str, tag: str) -> dict[str, dict[str, str]]:
        """Architecture of an image in an index -> path of each ELF file in its layers -> the machine that file is for."""
        found: dict[str, dict[str, str]] = {}
        for entry in json.loads(self.get(f"{name}/manifests/{tag}"))["manifests"]:
            architecture = entry["platform"]["architecture"]
            if architecture == "unknown":
                continue
            files = found.setdefault(architecture, {})
            for layer in json.loads(self.get(f"{name}/manifests/{entry['digest']}"))["layers"]:
                with tarfile.open(fileobj=io.BytesIO(gzip.decompress(self.get(f"{name}/blobs/{layer['digest']}")))) as archive:
                    for member in archive:
                        machine = elf_machine(archive.extractfile(member).read(20)) if member.isfile() else None
                        if machine:
                            files[member.name] = machine
        return found


class Engine:
    """The engine and what it needs, started by `start` and ended by `stop`."""

    def __init__(self, work: Path, port: int = 5017, tls_port: int = 23760) -> None:
        self.work = work
        self.registry = Registry(port)
        self.port = port
        self.tls_port = tls_port
        self.certificates = work / "certs"
        self._processes: list[subprocess.Popen] = []
        self.busybox: dict[str, bytes] = {}

    # packages

    def fetch(self) -> None:
        packages = ["docker-registry", "qemu-user-static", "runc", "openssl"]
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=True, stdout=subprocess.DEVNULL, env=_quiet()
        )
        mirror = re.search(r"^URIs: (\S+)", Path("/etc/apt/sources.list.d/debian.sources").read_text(), re.M)[1]
        for release, architectures in ((_NEWER, "amd64"), (_STABLE, "amd64,arm64")):
            (self.work / f"{release}.list").write_text(f"deb [signed-by={_KEYRING} arch={architectures}] {mirror} {release} main\n")
        debs = self.work / "debs"
        debs.mkdir(parents=True, exist_ok=True)
        if not (self.work / "unpacked" / "usr" / "sbin" / "dockerd").exists():
            self._download(_NEWER, debs, "docker.io", "containerd", "docker-buildx")
            for name in ("docker.io", "containerd", "docker-buildx"):
                subprocess.run(["dpkg-deb", "-x", glob.glob(f"{debs}/{name}_*.deb")[0], str(self.work / "unpacked")], check=True)
        if not glob.glob(f"{debs}/busybox-static_*_arm64.deb"):
            self._download(_STABLE, debs, "busybox-static:amd64", "busybox-static:arm64")
        for architecture in ("amd64", "arm64"):
            unpacked = subprocess.check_output(["dpkg-deb", "--fsys-tarfile", glob.glob(f"{debs}/busybox-static_*_{architecture}.deb")[0]])
            with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
                self.busybox[architecture] = archive.extractfile("./bin/busybox").read()

    def _download(self, release: str, into: Path, *packages: str) -> None:
        state = self.work / f"apt-{release}"
        for folder in ("lists/partial", "cache/archives/partial"):
            (state / folder).mkdir(parents=True, exist_ok=True)
        options = {
            "Dir::Etc::sourcelist": self.work / f"{release}.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State::lists": state / "lists",
            "Dir::Cache": state / "cache",
            "APT::Architectures::": "arm64",
            "APT::Sandbox::User": "root",
        }
        flags = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        subprocess.run(["apt-get", *flags, "-o", "APT::Architectures::=amd64", "update", "-qq"], check=True, env=_quiet())
        subprocess.run(
            ["apt-get", *flags, "-o", "APT::Architectures::=amd64", "download", "-qq", *packages], check=True, cwd=into, env=_quiet()
        )

    # servers

    def start(self) -> None:
        _register_qemu()
        self._start_registry()
        self._make_certificates()
        self._start_engine()

    def _start_registry(self) -> None:
        config = self.work / "registry.yml"
        config.write_text(
            f"version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {self.work / 'registry'}}}}}\n"
            f'http: {{addr: "127.0.0.1:{self.port}", secret: x}}\n'
        )
        self._spawn("registry", ["docker-registry", "serve", str(config)])
        _wait(lambda: self.registry._ask("GET", f"{self.registry.base}/v2/"), "the registry")

    def _make_certificates(self) -> None:
        folder = self.certificates
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], check=True, cwd=folder, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ca", "-keyout", "ca-key.pem", "-out", "ca.pem")
        for name, usage in (("server", "serverAuth"), ("client", "clientAuth")):
            prefix = "" if name == "client" else "server-"
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", f"{prefix}key.pem", "-out", f"{name}.csr")
            (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage={usage}\n")
            signing = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial", "-extfile", f"{name}.ext"]
            openssl("x509", "-req", "-in", f"{name}.csr", "-days", "2", *signing, "-out", f"{prefix}cert.pem")

    def _start_engine(self) -> None:
        path, unpacked = self.work / "path", self.work / "unpacked"
        path.mkdir(exist_ok=True)
        for program in ("containerd", "containerd-shim-runc-v2"):
            _link(unpacked / "usr" / "bin" / program, path / program)
        _link(Path("/usr/sbin/runc"), path / "runc")
        daemon = {
            "insecure-registries": ["127.0.0.0/8"],
            "registry-mirrors": [self.registry.base],
            "features": {"containerd-snapshotter": True},
            "tlsverify": True,
            "tlscacert": str(self.certificates / "ca.pem"),
            "tlscert": str(self.certificates / "server-cert.pem"),
            "tlskey": str(self.certificates / "server-key.pem"),
        }
        (self.work / "daemon.json").write_text(json.dumps(daemon))
        nowhere = "http://127.0.0.1:9"
        environment = {
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "PATH": f"{path}:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        command = [str(unpacked / "usr" / "sbin" / "dockerd"), "--config-file", str(self.work / "daemon.json")]
        command += ["--userland-proxy=false", "--iptables=false", "--ip6tables=false", "--bridge=none"]
        command += ["--data-root", str(self.work / "data"), "--exec-root", str(self.work / "exec"), "-p", str(self.work / "docker.pid")]
        command += ["-H", f"unix://{self.work / 'docker.sock'}", "-H", f"tcp://127.0.0.1:{self.tls_port}"]
        self._spawn("dockerd", command, environment)
        _wait(lambda: self.docker("version", check=True), "the engine")

    def _spawn(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> None:
        log = (self.work / f"{name}.log").open("wb")
        env = {**os.environ, **(environment or {})}
        self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env, start_new_session=True))

    def stop(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()

    # use

    def environment(self, **more: str) -> dict[str, str]:
        """What a docker client needs: the engine of this proof, and a configuration of its own with buildx in it."""
        config = self.work / "client"
        plugins = config / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        _link(self.work / "unpacked" / "usr" / "libexec" / "docker" / "cli-plugins" / "docker-buildx", plugins / "docker-buildx")
        return {**os.environ, "DOCKER_HOST": f"unix://{self.work / 'docker.sock'}", "DOCKER_CONFIG": str(config), **more}

    def docker(self, *arguments: str, check: bool = True, **options) -> subprocess.CompletedProcess:
        return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True, env=self.environment(), **options)

    def build(self, context: Path, name: str) -> dict[str, dict[str, str]]:
        """Build a context for both platforms, push it, and say what its executables are."""
        command = ["buildx", "build", "--progress", "plain", "--no-cache", "--network", "host", "--platform", "linux/amd64,linux/arm64"]
        command += ["--allow", "network.host", "-t", f"{self.registry.host}/proof/{name}:1", "--push", str(context)]
        done = self.docker(*command, check=False)
        if "500 Internal Server Error" in done.stderr:  # this registry now and then answers so while a manifest is being written
            done = self.docker(*command, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        return self.registry.executables(f"proof/{name}", "1")

    def push_base(
        self, name: str, tag: str, extra: dict[str, tuple[bytes, int]] | None = None, environment: tuple[str, ...] = ("PATH=/bin",)
    ) -> None:
        """Push a small base image for both architectures under a Docker Hub name."""
        layers = {architecture: _rootfs(binary, extra or {}) for architecture, binary in self.busybox.items()}
        self.registry.push_image(name if "/" in name else f"library/{name}", tag, layers, environment)


def _rootfs(busybox: bytes, extra: dict[str, tuple[bytes, int]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for folder in ("bin", "etc", "tmp", "proc", "sys", "dev", "usr", "usr/local", "usr/local/bin"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for path, (data, mode) in {"bin/busybox": (busybox, 0o755), **extra}.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))
        for name in APPLETS:
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(entry)
    return out.getvalue()


def _register_qemu() -> None:
    where = Path("/proc/sys/fs/binfmt_misc")
    if not (where / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(where)], check=True)
    if not (where / "qemu-aarch64").exists():
        (where / "register").write_bytes(Path("/usr/lib/binfmt.d/qemu-aarch64.conf").read_bytes())


def _link(target: Path, link: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _quiet() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


def _wait(probe, what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            probe()
            return
        except (OSError, subprocess.CalledProcessError) as error:
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not start") from error
            time.sleep(0.3)
