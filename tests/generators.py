"""Files made up by hypothesis: small grammars per kind, mixtures of the rules' own examples, and what editors and systems do to text."""

from collections import defaultdict
from functools import cache

from hypothesis import strategies as st

from armready.core.classify import Kind, kind_by_content, kind_by_name
from armready.run.registry import all_rules
from armready.testing import example_files

IMAGES = st.sampled_from(
    [
        "debian:12",
        "amd64/debian:12",
        "mysql:5.7",
        "alpine",
        "scratch",
        "build",
        "${BASE}",
        "mcr.microsoft.com/mssql/server:2022-latest",
        "python:3.12@sha256:" + "a" * 64,
        "gcr.io/distroless/base-amd64",
        "registry.example:5000/app-amd64:1",
        "bitnami/redis:6.0.1",
    ]
)
ARCHES = st.sampled_from(
    ["amd64", "x86_64", "arm64", "aarch64", "386", "$TARGETARCH", "${TARGETARCH}", "$(uname -m)", "$(dpkg --print-architecture)"]
)
COMMENTS = st.sampled_from(["", "# why", "# 🐋 é 中", "# armready: ignore[DF101] reason", "#"])

SHELL = st.one_of(
    st.builds("curl -fsSLo /usr/bin/kubectl https://dl.k8s.io/release/v1.30.0/bin/linux/{}/kubectl".format, ARCHES),
    st.builds("wget -q https://github.com/mikefarah/yq/releases/download/v4.44.1/yq_linux_{} -O /usr/bin/yq".format, ARCHES),
    st.builds("GOOS=linux GOARCH={} CGO_ENABLED=0 go build -o /app ./cmd".format, ARCHES),
    st.builds("docker build -t r.example/app:${{TAG}} . && docker push r.example/app:${{TAG}} # {}".format, ARCHES),
    st.builds("docker buildx build --platform linux/{} --push -t r.example/app:1 .".format, ARCHES),
    st.builds("echo '{}' | sha256sum -c -".format, ARCHES),
    st.builds('if [ "$(uname -m)" = "{}" ]; then pip install --only-binary=:all: tensorflow==2.3.0; fi'.format, ARCHES),
    st.builds("gcc -march=native -mavx2 -o a a.c && ls /usr/lib/{}-linux-gnu".format, ARCHES),
    st.sampled_from(["apt-get update && apt-get install -y gcc-multilib", "true", "", "cat <<EOF\n$X\nEOF", "echo 'é 🐋'"]),
)  # fmt: skip


@st.composite
def dockerfiles(draw):
    lines = [f"ARG BASE={draw(IMAGES)}"] if draw(st.booleans()) else []
    for number in range(draw(st.integers(1, 3))):
        platform = draw(st.sampled_from(["", "--platform=linux/amd64 ", "--platform=$BUILDPLATFORM ", "--platform=linux/x86_64 "]))
        lines.append(f"FROM {platform}{draw(IMAGES)}{draw(st.sampled_from(['', ' AS build', f' as s{number}']))}")
        for _ in range(draw(st.integers(0, 4))):
            keyword = draw(st.sampled_from(["RUN", "RUN", "RUN", "ARG", "ENV", "COPY", "ADD", "LABEL", "#", "CMD"]))
            arch = draw(ARCHES)
            shell = draw(SHELL)
            joined = shell.replace(" && ", draw(st.sampled_from([" && ", " \\\n    && ", " && \\\n# note\n\t"])))
            lines.append(
                {
                    "RUN": f"RUN {joined}",
                    "ARG": draw(st.sampled_from(["ARG TARGETARCH", f"ARG ARCH={arch}", f"ARG TARGETPLATFORM=linux/{arch}"])),
                    "ENV": f"ENV GOARCH={arch} PATH=/opt/{arch}/bin:$PATH",
                    "COPY": f"COPY --from=build /usr/lib/{arch}-linux-gnu/libz.so bin/linux-{arch}/app /",
                    "ADD": f"ADD https://example.com/tool-{arch}.tar.gz /",
                    "LABEL": f'LABEL architecture="{arch}"',
                    "#": draw(COMMENTS),
                    "CMD": draw(st.sampled_from(['CMD ["/app"]', "CMD /app"])),
                }[keyword]
            )
    return "Dockerfile", "\n".join(lines) + "\n"


@st.composite
def workflows(draw):
    lines = ["on: push", "jobs:"]
    for number in range(draw(st.integers(1, 2))):
        runner = draw(st.sampled_from(["ubuntu-latest", "ubuntu-24.04-arm", "[self-hosted, x64]", "${{ matrix.os }}"]))
        lines += [f"  job{number}:", f"    runs-on: {runner} {draw(COMMENTS)}".rstrip(), "    steps:"]
        for _ in range(draw(st.integers(1, 4))):
            step = draw(st.sampled_from(["run", "block", "build", "setup", "flow"]))
            if step == "run":
                lines.append(f"      - run: {draw(st.sampled_from(['make docker-push', 'docker push r.example/app:1']))}")
            elif step == "block":
                script = "\n".join(draw(SHELL) for _ in range(2)).replace("\n", "\n          ")
                lines += [f"      - run: {draw(st.sampled_from(['|', '>-', '|+']))}", f"          {script.strip() or 'true'}"]
            elif step == "build":
                lines += ["      - uses: docker/build-push-action@v6", "        with:", "          push: true"]
                lines += [f"          tags: r.example/app:{number}"]
                if draw(st.booleans()):
                    lines.append(f"          platforms: linux/{draw(st.sampled_from(['amd64', 'amd64,linux/arm64']))}")
            elif step == "setup":
                lines.append(f"      - uses: docker/setup-{draw(st.sampled_from(['qemu', 'buildx']))}-action@v3")
            else:
                lines.append("      - {uses: docker/build-push-action@v5, with: {push: true, tags: 'r.example/x:1'}}")
    return ".github/workflows/ci.yml", "\n".join(lines) + "\n"


@st.composite
def manifests(draw):
    documents = []
    for _ in range(draw(st.integers(1, 2))):
        kind, arch = draw(st.sampled_from(["Deployment", "DaemonSet"])), draw(st.sampled_from(["amd64", "x86_64", "arm64"]))
        label = draw(st.sampled_from(["kubernetes.io/arch", "beta.kubernetes.io/arch"]))
        place = draw(
            st.sampled_from(
                [
                    "",
                    f"      nodeSelector:\n        {label}: {arch}  # why\n",
                    f"      nodeSelector: {{{label}: {arch}, disk: ssd}}\n",
                    "      affinity:\n        nodeAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n"
                    "            nodeSelectorTerms:\n            - matchExpressions:\n"
                    f"              - key: {label}\n                operator: In\n                values: [{arch}]\n",
                    "      affinity:\n        nodeAffinity:\n          requiredDuringSchedulingIgnoredDuringExecution:\n"
                    f"            nodeSelectorTerms:\n            - matchExpressions:\n              - {{key: {label}, operator: In, values: [{arch}]}}\n",
                ]
            )
        )
        documents.append(
            f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: a\nspec:\n  template:\n    spec:\n{place}"
            f"      containers:\n      - name: c\n        image: {draw(IMAGES.filter(lambda each: '$' not in each))}\n"
            f'        command: ["sh", "-c", "curl -O https://example.com/x-linux-{arch}"]\n'
        )
    return "k8s/app.yaml", "---\n".join(documents)


@st.composite
def requirements(draw):
    names = st.sampled_from(
        ["numpy==1.16.0", "tensorflow==2.3.0", "mkl", "torch==1.7.0+cpu", "-r base.txt", "intel-tensorflow==2.8.0", "-e ."]
    )
    markers = st.sampled_from(
        ["", " ; platform_machine == 'x86_64'", ' ; platform_machine == "arm64"', " \\\n    --hash=sha256:" + "0" * 64]
    )
    lines = [f"{draw(names)}{draw(markers)}{draw(st.sampled_from(['', '  # é 🐍']))}" for _ in range(draw(st.integers(1, 6)))]
    return "requirements.txt", "\n".join(lines) + "\n"


@st.composite
def sources(draw):
    statements = st.sampled_from(
        [
            "import platform\nMACHINE = platform.machine()\n",
            'URL = "https://example.com/tool-linux-x86_64.tar.gz"  # é 🐍\n',
            'if platform.machine() == "x86_64":\n    ARCH = "amd64"\nelif platform.machine() == "arm64":\n    ARCH = "arm64"\nelse:\n\traise SystemExit\n',
            'ARCHES = {"x86_64": "amd64", "i386": "386"}[platform.machine()]\n',
            'subprocess.run(["docker", "build", "--platform", "linux/amd64", "."])\n',
            'LIB = "/usr/lib/x86_64-linux-gnu/libz.so"; ctypes.CDLL(LIB)\n',
            'setup(ext_modules=[Extension("a", ["a.c"], extra_compile_args=["-march=native", "-mavx2"])])\n',
            "def f():\n    '''é'''\n    return sys.maxsize > 2**32\n",
        ]
    )
    body = "".join(draw(statements) for _ in range(draw(st.integers(1, 5))))
    return draw(
        st.sampled_from(["setup.py", "tool.py"])
    ), "import ctypes, platform, subprocess, sys\nfrom setuptools import Extension, setup\n" + body


@cache
def example_pool():
    """Kind -> the repositories of the examples whose main file is of this kind."""
    pool = defaultdict(list)
    for rule in all_rules():
        for example in rule.examples:
            if not example.settings:
                files, _ = example_files(example)
                pool[kind_by_name(example.path) or kind_by_content(example.path, files[example.path])].append((example.path, files))
    return {kind: each for kind, each in pool.items() if kind is not None}


_JOINED = {Kind.DOCKERFILE: "", Kind.KUBERNETES: "---\n", Kind.REQUIREMENTS: "", Kind.PYTHON: "", Kind.SHELL: "", Kind.MAKEFILE: "\n"}


@st.composite
def mixtures(draw):
    """Up to three examples of one kind: as one file where that can be, else as folders of one repository."""
    kind = draw(st.sampled_from(sorted(example_pool(), key=lambda each: each.value)))
    chosen = draw(st.lists(st.sampled_from(range(len(example_pool()[kind]))), min_size=1, max_size=3, unique=True))
    parts = [example_pool()[kind][index] for index in chosen]
    if kind in _JOINED and all(len(files) == 1 for _, files in parts):
        path = parts[0][0]
        texts = [next(iter(files.values())) for _, files in parts]
        return {path: _JOINED[kind].join(text if text.endswith("\n") else f"{text}\n" for text in texts)}
    if len(parts) == 1:
        return dict(parts[0][1])
    return {f"p{number}/{path}": text for number, (_, files) in enumerate(parts) for path, text in files.items()}


GENERATED = st.one_of(dockerfiles(), workflows(), manifests(), requirements(), sources()).map(lambda pair: {pair[0]: pair[1]})


@st.composite
def disguises(draw):
    """What editors and systems do to a text, as a function from text to bytes."""
    crlf, bom, final = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    latin, trailing = draw(st.booleans()), draw(st.booleans())

    def disguise(text: str) -> bytes:
        if not final:
            text = text.rstrip("\n")
        if trailing:
            text = text.replace("\n\n", "\n \t\n")
        if crlf:
            text = text.replace("\n", "\r\n")
        if latin:
            return text.replace("🐋", "ä").encode("latin-1", "replace")
        return (b"\xef\xbb\xbf" if bom else b"") + text.encode()

    return disguise


def repositories(texts):
    """Repositories as bytes by path."""
    return st.builds(lambda files, disguise: {path: disguise(text) for path, text in files.items()}, texts, disguises())
