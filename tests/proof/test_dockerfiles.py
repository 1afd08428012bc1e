"""Fixed Dockerfiles build for both platforms, and the arm64 layers hold arm64 files: a manifest list alone proves nothing."""

import http.server
import threading

import pytest

COMPILER = b"""#!/bin/sh
# stands for a compiler: `go build -o OUT` gives the program for GOARCH, or for the machine it runs on
arch=${GOARCH:-$(case "$(uname -m)" in x86_64) echo amd64 ;; aarch64) echo arm64 ;; esac)}
while [ $# -gt 0 ]; do case "$1" in -o) out=$2; shift ;; esac; shift; done
cp "/usr/local/lib/program-$arch" "$out"
"""


@pytest.fixture(scope="module")
def bases(engine):
    programs = {f"usr/local/lib/program-{architecture}": (data, 0o755) for architecture, data in engine.busybox.items()}
    engine.push_base("golang", "1.22", {"usr/local/bin/go": (COMPILER, 0o755), **programs}, ("PATH=/usr/local/bin:/bin",))
    engine.push_base("python", "3.12-slim")
    engine.push_base("nginx", "1.27")
    engine.push_base("node", "20-alpine")
    return engine


@pytest.fixture(scope="module")
def downloads(engine, tmp_path_factory):
    """A server with a tool that comes as one file per architecture."""
    folder = tmp_path_factory.mktemp("downloads")
    for architecture, program in engine.busybox.items():
        (folder / f"tool-linux-{architecture}").write_bytes(program)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


CASES = {
    "platform-pin-and-namespace": "FROM --platform=linux/amd64 amd64/alpine:3.20\nRUN cp /bin/busybox /program\n",
    "argument-default": "FROM alpine:3.20\nARG TARGETARCH=amd64\nCOPY bin/program-$TARGETARCH /program\n",
    "undeclared-argument": 'FROM alpine:3.20\nRUN test -n "$TARGETARCH" && uname -m > /machine && cp /bin/busybox /program\n',
    "final-stage-on-build-platform": "FROM --platform=$BUILDPLATFORM alpine:3.20\nRUN cp /bin/busybox /program\n",
    "pinned-go": """
        FROM golang:1.22 AS build
        ENV CGO_ENABLED=0 GOOS=linux GOARCH=amd64
        RUN go build -o /program
        FROM alpine:3.20
        COPY --from=build /program /program
        """,
    "cross-build-without-target": """
        FROM --platform=$BUILDPLATFORM golang:1.22 AS build
        ENV CGO_ENABLED=0
        RUN go build -o /program
        FROM alpine:3.20
        COPY --from=build /program /program
        """,
    "copied-program": "FROM alpine:3.20\nCOPY bin/program-amd64 /program\n",
    "download-in-run": """
        FROM alpine:3.20
        RUN wget -q -O /program @SERVER@/tool-linux-amd64 && chmod +x /program
        """,
}


@pytest.mark.parametrize("name", CASES)
def test_the_fixed_dockerfile_builds_and_holds_the_right_programs(name, bases, downloads, run, tmp_path):
    import textwrap

    context = tmp_path / "context"
    (context / "bin").mkdir(parents=True)
    (context / ".git").mkdir()
    for architecture, data in bases.busybox.items():
        (context / "bin" / f"program-{architecture}").write_bytes(data)
    text = textwrap.dedent(CASES[name]).lstrip("\n").replace("@SERVER@", downloads)
    (context / "Dockerfile").write_text(text)
    run("fix", "--unsafe-fixes", "--select", "DF", cwd=context)
    assert (context / "Dockerfile").read_text() != text, "nothing was fixed"
    built = bases.build(context, name)
    assert set(built) == {"amd64", "arm64"}
    for architecture, executables in built.items():
        assert executables["program"] == architecture
        assert set(executables.values()) == {architecture}, executables
