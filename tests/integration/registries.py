"""Real registries on this machine and images made by hand, in both families of media types."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "reader", "s3cret-password"

OCI = {
    "index": "application/vnd.oci.image.index.v1+json",
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
}
DOCKER = {
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Registry:
    """A running registry; `url` is for pushing, `host` for references."""

    host: str
    url: str
    authorization: str = ""
    context: ssl.SSLContext | None = None

    def request(self, method: str, path: str, data: bytes | None = None, **headers: str):
        url = path if "://" in path else self.url + path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.authorization:
            named["Authorization"] = self.authorization
        return urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=named), context=self.context)

    def blob(self, name: str, content: bytes, media_type: str) -> dict:
        digest = digest_of(content)
        location = self.request("POST", f"/v2/{name}/blobs/uploads/", b"").headers["Location"]
        join = "&" if "?" in location else "?"
        self.request("PUT", f"{location}{join}digest={urllib.parse.quote(digest)}", content, Content_Type="application/octet-stream")
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def manifest(self, name: str, document: dict, media_type: str, reference: str | None = None) -> dict:
        content = json.dumps(document).encode()
        self.request("PUT", f"/v2/{name}/manifests/{reference or digest_of(content)}", content, Content_Type=media_type)
        return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}

    def image(self, name: str, tag: str | None, platform: str, kinds: dict = OCI) -> dict:
        os_name, arch, *variant = platform.split("/")
        config = {"os": os_name, "architecture": arch, "rootfs": {"type": "layers", "diff_ids": []}, "config": {}}
        if variant:
            config["variant"] = variant[0]
        described = self.blob(name, json.dumps(config).encode(), kinds["config"])
        layer = self.blob(name, f"layer for {platform}".encode(), kinds["layer"])
        document = {"schemaVersion": 2, "mediaType": kinds["manifest"], "config": described, "layers": [layer]}
        return self.manifest(name, document, kinds["manifest"], tag)

    def index(self, name: str, tag: str, platforms: list[str], kinds: dict = OCI, *, attested: bool = False) -> dict:
        entries = []
        for platform in platforms:
            os_name, arch, *variant = platform.split("/")
            entry = self.image(name, None, platform, kinds)
            entry["platform"] = {"os": os_name, "architecture": arch} | ({"variant": variant[0]} if variant else {})
            entries.append(entry)
        if attested:
            statement = self.image(name, None, "unknown/unknown", kinds)
            statement["platform"] = {"os": "unknown", "architecture": "unknown"}
            statement["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
            entries.append(statement)
        return self.manifest(name, {"schemaVersion": 2, "mediaType": kinds["index"], "manifests": entries}, kinds["index"], tag)


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@contextlib.contextmanager
def registry(folder: Path, *, auth: dict | None = None, tls: tuple[Path, Path] | None = None, upstream: str = "") -> Iterator[Registry]:
    """Start `docker-registry` and stop it afterwards."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    config: dict = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "x"},
    }
    if auth:
        config["auth"] = auth
    if tls:
        config["http"]["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
    if upstream:
        config["proxy"] = {"remoteurl": upstream}
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "log")
        scheme = "https" if tls else "http"
        yield Registry(f"localhost:{port}", f"{scheme}://localhost:{port}")
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError("docker-registry does not start")


def basic(user: str = USER, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def password_file(folder: Path) -> Path:
    """An htpasswd file with the one user."""
    folder.mkdir(parents=True, exist_ok=True)
    line = subprocess.run(["htpasswd", "-Bbn", USER, PASSWORD], check=True, capture_output=True).stdout
    (folder / "htpasswd").write_bytes(line)
    return folder / "htpasswd"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-made certificate for localhost, which is its own authority, and its key."""
    folder.mkdir(parents=True, exist_ok=True)
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*new, *subject], check=True, capture_output=True)
    return cert, key


@contextlib.contextmanager
def token_server(folder: Path) -> Iterator[tuple[str, Path, list[dict]]]:
    """A server of bearer tokens: its address, the certificate that checks them, and what it was asked.

    Anybody may pull `public/`, the one user may pull and push everything.
    """
    cert, key = certificate(folder)
    asked: list[dict] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            known = self.headers.get("Authorization") == basic()
            asked.append({"scope": query.get("scope", []), "known": known, "authorization": bool(self.headers.get("Authorization"))})
            access = []
            for scope in query.get("scope", []):
                kind, name, actions = scope.split(":")
                granted = actions.split(",") if known else ["pull"] if name.startswith("public/") else []
                access.append({"type": kind, "name": name, "actions": granted})
            body = json.dumps({"token": _token(query["service"][0], access, cert, key), "expires_in": 300}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/token", cert, asked
    finally:
        server.shutdown()
        server.server_close()


def _token(service: str, access: list[dict], cert: Path, key: Path) -> str:
    """A JSON web token signed with openssl."""
    der = subprocess.run(["openssl", "x509", "-in", str(cert), "-outform", "DER"], check=True, capture_output=True).stdout
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
    now = int(time.time())
    claims = {"iss": "tests", "sub": USER, "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now, "jti": str(now), "access": access}
    signed = b".".join(_url64(json.dumps(part).encode()) for part in (header, claims))
    sign = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(key)], input=signed, check=True, capture_output=True)
    return (signed + b"." + _url64(sign.stdout)).decode()


def _url64(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def docker_says(reference: str, folder: Path) -> list[dict] | dict | None:
    """What `docker manifest inspect` prints; None without a Docker client."""
    if shutil.which("docker") is None:
        return None
    command = ["docker", "manifest", "inspect", "--insecure", reference]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "DOCKER_CONFIG": str(folder)}, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None
