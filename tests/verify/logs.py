"""Logs of failing builds as engines and CI systems write them, and what is to be said of each. All were written for these tests."""

from typing import NamedTuple


class Log(NamedTuple):
    """A log and what it comes to: the cause, its subject, the Dockerfile's line (0: the log does not tell), confidence and platform."""

    text: str
    cause: str
    subject: str = ""
    line: int = 0
    confidence: str = "high"
    platform: str = ""


def buildkit(step: str, *output: str, line: int = 0, file: str = "Dockerfile", code: int = 1, head: str = "linux/arm64 stage-1 3/5") -> str:
    """What `docker buildx build --progress plain` writes when a RUN fails, with the lines around it."""
    out = "\n".join(f"#11 {0.3 + number / 10:.3f} {text}" for number, text in enumerate(output))
    command = step.removeprefix("RUN ")
    place = f"{file}:{line}\n--------------------\n   {line} | >>> {step}\n--------------------\n" if line else ""
    return (
        "#1 [internal] load build definition from Dockerfile\n#1 transferring dockerfile: 312B done\n#1 DONE 0.0s\n\n"
        f"#11 [{head}] {step}\n{out}\n"
        f'#11 ERROR: process "/bin/sh -c {command}" did not complete successfully: exit code: {code}\n'
        f"------\n > [{head}] {step}:\n{out.replace('#11 ', '')}\n------\n{place}"
        f'ERROR: failed to solve: process "/bin/sh -c {command}" did not complete successfully: exit code: {code}\n'
    )


def metadata(image: str, reason: str, line: int = 0, file: str = "Dockerfile", platform: str = "linux/arm64 ") -> str:
    head = f"[{platform}internal] load metadata for docker.io/{image}"
    place = f"{file}:{line}\n--------------------\n   {line} | >>> FROM {image}\n--------------------\n" if line else ""
    return (
        f"#2 {head}\n#2 ERROR: {reason}\n------\n > {head}:\n------\n{place}"
        f"ERROR: failed to solve: {image.removeprefix('library/')}: failed to resolve source metadata for docker.io/{image}: {reason}\n"
    )


def classic(step: str, *output: str, code: int = 1) -> str:
    """What docker writes without BuildKit."""
    lines = "\n".join(output)
    return (
        "Sending build context to Docker daemon  14.3kB\nStep 1/4 : FROM debian:12\n ---> 9f2a1c5d7e8b\n"
        f"Step 3/4 : {step}\n ---> Running in 3c1d5e7f9a0b\n{lines}\n"
        f"The command '/bin/sh -c {step.removeprefix('RUN ')}' returned a non-zero code: {code}\n"
    )


def stamped(text: str, stamp: str) -> str:
    return "".join(f"{stamp}{line}\n" for line in text.splitlines())


GITHUB = "2026-03-01T10:11:12.1234567Z "
GITLAB = "2026-03-01T10:11:12.123456Z 01O "
TOOL = "exec /usr/local/bin/tool: exec format error"

LOGS = {
    # No emulator, or a program for amd64.
    "shell": Log(buildkit("RUN make", "exec /bin/sh: exec format error", line=7), "no-emulator", line=7, platform="linux/arm64"),
    "shell before 2023": Log(
        classic("RUN apt-get update", "standard_init_linux.go:228: exec user process caused: exec format error"), "no-emulator"
    ),
    "shell, oldest words": Log(
        classic("RUN true", 'panic: standard_init_linux.go:175: exec user process caused "exec format error"'), "no-emulator"
    ),
    "shell, old BuildKit": Log(
        "#13 [builder 3/4] RUN bazel build //app\n#13 0.410 exec /bin/sh: exec format error\n"
        "#13 ERROR: executor failed running [/bin/sh -c bazel build //app]: exit code: 1\n------\n > [builder 3/4] RUN bazel build //app:\n"
        "#13 0.410 exec /bin/sh: exec format error\n------\n"
        "error: failed to solve: executor failed running [/bin/sh -c bazel build //app]: exit code: 1\n",
        "no-emulator",
    ),
    "shell, buildah": Log(
        "STEP 1/3: FROM ubuntu\nTrying to pull docker.io/library/ubuntu:latest...\nSTEP 2/3: RUN apt update\n"
        "process exited with error: fork/exec /bin/sh: exec format errorsubprocess exited with status 1\n"
        'error building at STEP "RUN apt update": exit status 1\n',
        "no-emulator",
    ),
    "shell, podman for two platforms": Log(
        "[linux/amd64] STEP 2/2: RUN id\n[linux/arm64] STEP 1/2: FROM alpine\n[linux/arm64] STEP 2/2: RUN id\n"
        'exec container process `/bin/sh`: Exec format error\nError: building at STEP "RUN id": while running runtime: exit status 1\n',
        "no-emulator",
        platform="linux/arm64",
    ),
    "shell, kaniko": Log(
        "\x1b[36mINFO\x1b[0m[0003] Unpacking rootfs as cmd RUN make requires it.\n\x1b[36mINFO\x1b[0m[0005] RUN make\n"
        "\x1b[36mINFO\x1b[0m[0005] Running: [/bin/sh -c make]\n"
        "error building image: error building stage: failed to execute command: starting command: fork/exec /bin/sh: exec format error\n",
        "no-emulator",
    ),
    "shell, emulator of BuildKit": Log(
        buildkit("RUN ls", ".buildkit_qemu_emulator: /bin/sh: Invalid ELF image for this architecture"),
        "no-emulator",
        platform="linux/arm64",
    ),
    "program": Log(
        buildkit("RUN /usr/local/bin/tool --version", TOOL, line=9), "foreign-program", "/usr/local/bin/tool", 9, platform="linux/arm64"
    ),
    "program by dash": Log(
        buildkit("RUN ./tool", "/bin/sh: 1: ./tool: Exec format error", code=126), "foreign-program", "./tool", platform="linux/arm64"
    ),
    "program by bash": Log(
        classic("RUN tool", "/bin/bash: /usr/bin/tool: cannot execute binary file: Exec format error", code=126),
        "foreign-program",
        "/usr/bin/tool",
    ),
    "program by Python": Log(
        buildkit("RUN python gen.py", "OSError: [Errno 8] Exec format error: './protoc'"),
        "foreign-program",
        "./protoc",
        platform="linux/arm64",
    ),
    "program by node": Log(buildkit("RUN npm ci", "Error: spawn Unknown system error -8"), "foreign-program", platform="linux/arm64"),
    "program read as a script": Log(
        buildkit("RUN kubectl version", '/usr/local/bin/kubectl: line 1: syntax error: unexpected "("', code=2),
        "foreign-program",
        "/usr/local/bin/kubectl",
        confidence="medium",
        platform="linux/arm64",
    ),
    "loader under QEMU": Log(
        "#0 3193.7 qemu-x86_64: Could not open '/lib64/ld-linux-x86-64.so.2': No such file or directory\n------\nDockerfile:59\n",
        "foreign-program",
        "/lib64/ld-linux-x86-64.so.2",
    ),
    "loader under Rosetta": Log(
        buildkit(
            "RUN make", "rosetta error: failed to open elf at /lib64/ld-linux-x86-64.so.2", "Trace/breakpoint trap", code=133, head="3/9"
        ),
        "rosetta",
        "/lib64/ld-linux-x86-64.so.2",
    ),
    "library of node": Log(
        buildkit("RUN node -e 1", "Error: /app/node_modules/bcrypt/lib/binding/bcrypt_lib.node: invalid ELF header"),
        "foreign-library",
        "/app/node_modules/bcrypt/lib/binding/bcrypt_lib.node",
        platform="linux/arm64",
    ),
    "library at link time": Log(
        buildkit(
            "RUN make",
            "/usr/bin/ld: vendor/libfoo.a(a.o): Relocations in generic ELF (EM: 62)",
            "/usr/bin/ld: vendor/libfoo.so: error adding symbols: file in wrong format",
        ),
        "foreign-library",
        "vendor/libfoo.so",
        platform="linux/arm64",
    ),
    "library by its path": Log(
        buildkit(
            "RUN app",
            "app: error while loading shared libraries: /usr/lib/x86_64-linux-gnu/libjemalloc.so.2: cannot open shared object file: No such file or directory",
        ),
        "foreign-library",
        "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2",
        platform="linux/arm64",
    ),
    "library of Java": Log(
        buildkit(
            "RUN java -jar app.jar",
            "java.lang.UnsatisfiedLinkError: /tmp/librocksdbjni1.so: /tmp/librocksdbjni1.so: cannot open (Possible cause: can't load AMD 64 .so on a AARCH64 platform)",
        ),
        "foreign-library",
        "/tmp/librocksdbjni1.so",
        platform="linux/arm64",
    ),
    # Images.
    "metadata": Log(
        metadata("acme/old:1.2", "no match for platform in manifest: not found", line=1),
        "no-platform-in-manifest",
        "acme/old:1.2",
        1,
        platform="linux/arm64",
    ),
    "metadata with a digest": Log(
        "------\n > [linux/arm64 internal] load metadata for docker.io/acme/old:1.2:\n------\nDockerfile:4\n--------------------\n"
        "   4 | >>> FROM ${BASE} as build\n--------------------\n"
        "ERROR: failed to solve: acme/old:1.2: no match for platform in manifest sha256:9a0bdde4188b896a: not found\n",
        "no-platform-in-manifest",
        "acme/old:1.2",
        confidence="high",
    ),
    "pull": Log(
        "Step 1/4 : FROM acme/old:1.2\n1.2: Pulling from acme/old\nno matching manifest for linux/arm64/v8 in the manifest list entries\n",
        "no-platform-in-manifest",
        "acme/old:1.2",
        platform="linux/arm64/v8",
    ),
    "podman": Log(
        "STEP 1/2: FROM acme/old\nError: creating build container: choosing an image from manifest list docker://acme/old:latest: "
        'no image found in manifest list for architecture "arm64", variant "v8", OS linux\n',
        "no-platform-in-manifest",
        "acme/old:latest",
    ),
    "image of the daemon": Log(
        "docker: Error response from daemon: image with reference acme/app:ci was found but does not match the specified platform: "
        "wanted linux/arm64, actual: linux/amd64\n",
        "image-of-other-platform",
        "acme/app:ci",
        platform="linux/arm64",
    ),
    "base platform": Log(
        " 1 warning found (use docker --debug to expand):\n - InvalidBaseImagePlatform: Base image acme/base:2 was pulled with platform "
        '"linux/amd64", expected "linux/arm64" for current build (line 12)\n',
        "base-platform-fixed",
        "acme/base:2",
        platform="linux/arm64",
    ),
    "warning before the crash": Log(
        "WARNING: The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8) and no specific "
        "platform was requested\n",
        "single-architecture-image",
    ),
    # Builders.
    "builder of the daemon": Log(
        "ERROR: Multi-platform build is not supported for the docker driver.\nSwitch to a different driver, or turn on the containerd image store\n",
        "builder-cannot",
    ),
    "builder of the daemon, before": Log(
        'error: multiple platforms feature is currently not supported for docker driver. Please switch to a different driver (eg. "docker '
        'buildx create --use")\n',
        "builder-cannot",
    ),
    "load": Log("ERROR: docker exporter does not currently support exporting manifest lists\n", "builder-cannot-load"),
    "no Buildx": Log("docker: 'buildx' is not a docker command.\nSee 'docker --help'\n", "builder-too-old"),
    # Downloads.
    "curl": Log(
        buildkit(
            "RUN curl -fsSLo /usr/local/bin/tool https://example.com/tool/v1/tool-linux-arm64",
            "curl: (22) The requested URL returned error: 404",
            code=22,
            line=5,
        ),
        "download-not-found",
        "https://example.com/tool/v1/tool-linux-arm64",
        5,
        "medium",
        "linux/arm64",
    ),
    "wget": Log(
        buildkit(
            "RUN wget https://example.com/$V/tool_${TARGETARCH}.tgz",
            "--2026-01-02 03:04:05--  https://example.com/2.1/tool_arm64.tgz",
            "HTTP request sent, awaiting response... 404 Not Found",
            "2026-01-02 03:04:05 ERROR 404: Not Found.",
            code=8,
        ),
        "download-not-found",
        "https://example.com/2.1/tool_arm64.tgz",
        0,
        "medium",
        "linux/arm64",
    ),
    "wget of busybox": Log(
        buildkit(
            "RUN wget https://example.com/tool-aarch64.tgz",
            "Connecting to example.com (192.0.2.1:443)",
            "wget: server returned error: HTTP/1.1 404 Not Found",
        ),
        "download-not-found",
        "https://example.com/tool-aarch64.tgz",
        0,
        "medium",
        "linux/arm64",
    ),
    "ADD": Log(
        "#7 [linux/arm64 stage-0 3/4] ADD https://example.com/tini-arm64 /tini\n#7 ERROR: invalid response status 404\n------\n"
        " > [linux/arm64 stage-0 3/4] ADD https://example.com/tini-arm64 /tini:\n------\n"
        "ERROR: failed to solve: failed to load cache key: invalid response status 404\n",
        "download-not-found",
        "https://example.com/tini-arm64",
        0,
        "medium",
        "linux/arm64",
    ),
    "archive": Log(
        buildkit(
            "RUN curl -sL https://example.com/t-arm64.tgz | tar xz",
            "gzip: stdin: not in gzip format",
            "tar: Child returned status 1",
            code=2,
        ),
        "download-no-archive",
        "https://example.com/t-arm64.tgz",
        0,
        "medium",
        "linux/arm64",
    ),
    "checksum": Log(
        buildkit("RUN sha256sum -c sums", "tool.tgz: FAILED", "sha256sum: WARNING: 1 computed checksum did NOT match"),
        "checksum-of-amd64",
        confidence="medium",
        platform="linux/arm64",
    ),
    "node-sass": Log(
        classic(
            "RUN npm install",
            'Cannot download "https://example.com/node-sass/v4.14.1/linux-arm64-83_binding.node":',
            "HTTP error 404 Not Found",
        ),
        "download-not-found",
        "https://example.com/node-sass/v4.14.1/linux-arm64-83_binding.node",
        0,
        "medium",
    ),
    # Packages.
    "apt": Log(
        buildkit("RUN apt-get install -y msr-tools", "E: Unable to locate package msr-tools", code=100),
        "package-not-found",
        "msr-tools",
        confidence="medium",
        platform="linux/arm64",
    ),
    "apt candidate": Log(
        buildkit("RUN apt-get install -y libmkl", "E: Package 'libmkl' has no installation candidate", code=100),
        "package-not-found",
        "libmkl",
        confidence="medium",
        platform="linux/arm64",
    ),
    "apk": Log(
        buildkit(
            "RUN apk add intel-ucode",
            "ERROR: unable to select packages:",
            "  intel-ucode (no such package):",
            "    required by: world[intel-ucode]",
            code=1,
        ),
        "package-not-found",
        "intel-ucode",
        confidence="medium",
        platform="linux/arm64",
    ),
    "dnf": Log(
        buildkit("RUN dnf install -y mkl", "Error: Unable to find a match: mkl"),
        "package-not-found",
        "mkl",
        confidence="medium",
        platform="linux/arm64",
    ),
    "source": Log(
        buildkit(
            "RUN apt-get update",
            "N: Skipping acquire of configured file 'main/binary-arm64/Packages' as repository 'https://example.com/apt stable InRelease' "
            "doesn't support architecture 'arm64'",
            "E: Unable to locate package acme",
            code=100,
        ),
        "source-without-arm64",
        "https://example.com/apt stable InRelease",
        platform="linux/arm64",
    ),
    "dpkg": Log(
        buildkit(
            "RUN dpkg -i t.deb",
            "dpkg: error processing archive t.deb (--install):",
            " package architecture (amd64) does not match system (arm64)",
        ),
        "package-of-other-architecture",
        platform="linux/arm64",
    ),
    "pip": Log(
        buildkit(
            "RUN pip install -r requirements.txt",
            "ERROR: Could not find a version that satisfies the requirement mkl==2022.1 (from versions: none)",
            "ERROR: No matching distribution found for mkl==2022.1",
        ),
        "no-distribution",
        "mkl==2022.1",
        confidence="medium",
        platform="linux/arm64",
    ),
    "pip without compiler": Log(
        buildkit(
            "RUN pip install cffi==1.14",
            "      creating build/temp.linux-aarch64-cpython-312",
            "      error: command 'gcc' failed: No such file or directory",
            "  ERROR: Failed building wheel for cffi",
            head="3/5",
        ),
        "compiler-missing",
        "gcc",
        confidence="medium",
    ),
    "pip, wheel of a file": Log(
        buildkit("RUN pip install x.whl", "ERROR: torch-2.1.0-cp311-cp311-linux_x86_64.whl is not a supported wheel on this platform."),
        "no-distribution",
        "torch-2.1.0-cp311-cp311-linux_x86_64.whl",
        platform="linux/arm64",
    ),
    "uv": Log(
        buildkit(
            "RUN uv sync",
            "error: Distribution `acme-native==1.0 @ registry+https://pypi.org/simple` can't be installed because it doesn't have a source "
            "distribution or wheel for the current platform",
        ),
        "no-distribution",
        "acme-native==1.0",
        confidence="medium",
        platform="linux/arm64",
    ),
    "rust for pip": Log(
        buildkit("RUN pip install cryptography==3.4", "error: can't find Rust compiler"),
        "compiler-missing",
        confidence="medium",
        platform="linux/arm64",
    ),
    "header": Log(
        buildkit(
            "RUN pip install psycopg2",
            "psycopg.h:36:10: fatal error: libpq-fe.h: No such file or directory",
            "error: command '/usr/bin/gcc' failed with exit code 1",
        ),
        "header-missing",
        "libpq-fe.h",
        confidence="medium",
        platform="linux/arm64",
    ),
    "npm": Log(
        buildkit(
            "RUN npm ci",
            "npm error code EBADPLATFORM",
            'npm error notsup Unsupported platform for @esbuild/linux-x64@0.19.2: wanted {"os":"linux","cpu":"x64"}',
        ),
        "node-platform",
        platform="linux/arm64",
    ),
    "rollup": Log(
        buildkit(
            "RUN npm run build", "Error: Cannot find module @rollup/rollup-linux-arm64-gnu. npm has a bug related to optional dependencies"
        ),
        "node-binary-missing",
        "@rollup/rollup-linux-arm64-gnu",
        platform="linux/arm64",
    ),
    "sass": Log(
        buildkit(
            "RUN npm run css",
            "Error: Node Sass does not yet support your current environment: Linux Unsupported architecture (arm64) with Unsupported runtime (115)",
        ),
        "node-binary-missing",
        "Node Sass",
        platform="linux/arm64",
    ),
    "protoc": Log(
        buildkit("RUN mvn package", "[ERROR] Could not find artifact com.google.protobuf:protoc:exe:linux-aarch_64:3.6.1 in central"),
        "protoc-classifier",
        "com.google.protobuf:protoc:exe:linux-aarch_64:3.6.1",
        platform="linux/arm64",
    ),
    # Compilers.
    "intrinsics": Log(
        buildkit("RUN make", "src/a.c:3:10: fatal error: immintrin.h: No such file or directory", code=2),
        "x86-header",
        "immintrin.h",
        platform="linux/arm64",
    ),
    "flag of gcc": Log(
        buildkit("RUN make", "gcc: error: unrecognized command-line option '-msse4.2'", code=2),
        "x86-compiler-flag",
        "-msse4.2",
        platform="linux/arm64",
    ),
    "flag of clang": Log(
        buildkit("RUN make", "clang: error: unsupported option '-mavx2' for target 'aarch64-unknown-linux-gnu'", code=2),
        "x86-compiler-flag",
        "-mavx2",
        platform="linux/arm64",
    ),
    "cgo": Log(
        buildkit(
            "RUN go build",
            'cgo: C compiler "aarch64-linux-gnu-gcc" not found: exec: "aarch64-linux-gnu-gcc": executable file not found in $PATH',
            head="linux/amd64->arm64 build 4/6",
        ),
        "cross-compiler-missing",
        "aarch64-linux-gnu-gcc",
        platform="linux/amd64",
    ),
    "rust target": Log(
        buildkit(
            "RUN cargo build --target aarch64-unknown-linux-musl",
            "  = note: the `aarch64-unknown-linux-musl` target may not be installed",
            code=101,
        ),
        "rust-target-missing",
        "aarch64-unknown-linux-musl",
        platform="linux/arm64",
    ),
    "installer": Log(buildkit("RUN ./install.sh", "Unsupported architecture: aarch64"), "unsupported-architecture", platform="linux/arm64"),
    "assembly": Log(
        buildkit("RUN make", "Error: unknown mnemonic `cpuid' -- `cpuid'", code=2),
        "x86-assembly",
        "cpuid",
        confidence="medium",
        platform="linux/arm64",
    ),
    "wheel": Log(
        buildkit("RUN pip install acme-native", "ERROR: Failed building wheel for acme-native"),
        "source-build-failed",
        "acme-native",
        confidence="medium",
        platform="linux/arm64",
    ),
    "mirror": Log(
        buildkit(
            "RUN apt-get update",
            "Err:5 http://archive.ubuntu.com/ubuntu jammy/main arm64 Packages",
            "  404  Not Found [IP: 192.0.2.1 80]",
            "Get:6 http://ports.ubuntu.com/ubuntu-ports jammy/main arm64 Packages [1758 kB]",
            code=100,
        ),
        "no-ports-mirror",
        "http://archive.ubuntu.com/ubuntu",
        platform="linux/arm64",
    ),
    "conda": Log(
        buildkit(
            "RUN conda env create",
            "PackagesNotFoundError: The following packages are not available from current channels:",
            "  - https://conda.anaconda.org/conda-forge/linux-aarch64",
        ),
        "no-conda-package",
        confidence="medium",
        platform="linux/arm64",
    ),
    "jemalloc": Log("acme  | <jemalloc>: Unsupported system page size\n", "page-size"),
    "index in an index": Log(
        "$ docker manifest create acme/app:1 acme/app:1-amd64 acme/app:1-arm64\ndocker.io/acme/app:1-amd64 is a manifest list\n",
        "manifest-of-list",
        "docker.io/acme/app:1-amd64",
    ),
    # Emulation.
    "SIGILL": Log(
        buildkit("RUN app", "Illegal instruction (core dumped)", code=132),
        "illegal-instruction",
        confidence="medium",
        platform="linux/arm64",
    ),
    "crash in QEMU": Log(
        buildkit(
            "RUN apt-get install -y libc-bin",
            "Processing triggers for libc-bin (2.31-13+deb11u3) ...",
            "qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
            "E: Sub-process /usr/bin/dpkg returned an error code (1)",
            code=100,
        ),
        "emulator-crash",
        "Segmentation fault",
        platform="linux/arm64",
    ),
    "Go in QEMU": Log(
        buildkit("RUN go build ./...", "runtime: lfstack.push invalid packing: node=0x55ca", "fatal error: lfstack.push", code=2),
        "emulator-crash",
        platform="linux/arm64",
    ),
    "time limit of GitHub": Log(
        stamped("#11 [linux/arm64 build 4/9] RUN cargo build --release\n#11 3600.1 Compiling serde v1.0\n", GITHUB)
        + f"{GITHUB}##[error]The job running on runner GitHub Actions 12 has exceeded the maximum execution time of 360 minutes.\n",
        "time-limit",
        confidence="low",
    ),
    "memory": Log(buildkit("RUN npm run build", "Killed", code=137), "out-of-memory", confidence="medium", platform="linux/arm64"),
    # Copies.
    "copied program": Log(
        '#9 [linux/arm64 stage-0 2/2] COPY dist/app-linux-arm64 /app\n#9 ERROR: failed to calculate checksum of ref moby::a1: "/dist/app-linux-arm64": not found\n'
        "------\n > [linux/arm64 stage-0 2/2] COPY dist/app-linux-arm64 /app:\n------\nDockerfile:2\n--------------------\n"
        "   2 | >>> COPY dist/app-linux-${TARGETARCH} /app\n--------------------\n",
        "foreign-copy",
        "/dist/app-linux-arm64",
        2,
        platform="linux/arm64",
    ),
    "copied program, classic": Log(
        "Step 2/2 : COPY dist/app-arm64 /app\nCOPY failed: file not found in build context or excluded by .dockerignore: stat dist/app-arm64: file does not exist\n",
        "foreign-copy",
        "dist/app-arm64",
    ),
    "copied library": Log(
        "#9 [linux/arm64 stage-1 4/6] COPY --from=0 /lib/x86_64-linux-gnu/libz.so.1 /lib/\n"
        '#9 ERROR: failed to calculate checksum of ref a::b: "/lib/x86_64-linux-gnu/libz.so.1": not found\n',
        "foreign-copy",
        "/lib/x86_64-linux-gnu/libz.so.1",
        platform="linux/arm64",
    ),
    # Decorations.
    "GitHub": Log(
        stamped(buildkit("RUN tool", TOOL, line=9), GITHUB)
        + f'{GITHUB}##[error]buildx failed with: ERROR: failed to solve: process "/bin/sh -c tool"\n',
        "foreign-program",
        "/usr/local/bin/tool",
        9,
        platform="linux/arm64",
    ),
    "GitHub, by gh": Log(
        stamped(buildkit("RUN tool", TOOL, line=9), f"build\tRun docker/build-push-action@v6\t{GITHUB}"),
        "foreign-program",
        "/usr/local/bin/tool",
        9,
        platform="linux/arm64",
    ),
    "GitLab": Log(
        stamped(
            'section_start:1772359872:step_script\r\x1b[0K\x1b[0;mExecuting "step_script" stage of the job script\x1b[0;m\n'
            + buildkit("RUN tool", TOOL, line=9)
            + "\x1b[31;1mERROR: Job failed: exit code 1\x1b[0;m\n",
            GITLAB,
        ),
        "foreign-program",
        "/usr/local/bin/tool",
        9,
        platform="linux/arm64",
    ),
    "Jenkins": Log(
        "[Pipeline] sh\n" + stamped(buildkit("RUN tool", TOOL, line=9), "[2026-03-01T10:11:12.123Z] ") + "script returned exit code 1\n",
        "foreign-program",
        "/usr/local/bin/tool",
        9,
        platform="linux/arm64",
    ),
    "Jenkins, parallel": Log(
        stamped(buildkit("RUN tool", TOOL, line=9), "10:11:12  [build (arm64)] "),
        "foreign-program",
        "/usr/local/bin/tool",
        9,
        platform="linux/arm64",
    ),
    "Cloud Build": Log(stamped(classic("RUN tool", TOOL), 'Step #1 - "build": '), "foreign-program", "/usr/local/bin/tool"),
    "CodeBuild": Log(
        stamped(classic("RUN tool", TOOL), "[Container] 2026/03/01 10:11:12.123456 "), "foreign-program", "/usr/local/bin/tool"
    ),
    "terminal": Log(
        "[+] Building 12.5s (9/12)\n => [internal] load build definition from Dockerfile          0.0s\n"
        " => => transferring dockerfile: 1.55kB                        0.0s\n => ERROR [linux/arm64 stage-1 3/5] RUN tool                     0.4s\n"
        f"------\n > [linux/arm64 stage-1 3/5] RUN tool:\n#0 0.410 {TOOL}\n------\nDockerfile:9\n--------------------\n   9 | >>> RUN tool\n--------------------\n",
        "foreign-program",
        "/usr/local/bin/tool",
        9,
        platform="linux/arm64",
    ),
    "Windows line ends": Log(
        buildkit("RUN tool", TOOL, line=9).replace("\n", "\r\n"), "foreign-program", "/usr/local/bin/tool", 9, platform="linux/arm64"
    ),
    "goreleaser": Log(
        "  ⨯ release failed after 9m1s  error=docker build failed: failed to build ghcr.io/acme/app:v1-arm64v8: exit status 1: #1 [internal] load build\n"
        f'#6 [stage-0 2/3] RUN tool\n#6 0.2 {TOOL}\n#6 ERROR: process "/bin/sh -c tool" did not complete successfully: exit code: 1\n',
        "foreign-program",
        "/usr/local/bin/tool",
    ),
}

SILENT = {
    "tests fail": buildkit("RUN npm test", "1 failing", "AssertionError: expected 1 to equal 2"),
    "amd64 alone lacks the package": buildkit(
        "RUN apt-get install -y nosuch", "E: Unable to locate package nosuch", head="linux/amd64 2/3"
    ),
    "a page is missing": buildkit(
        "RUN curl -f https://example.com/README.txt", "curl: (22) The requested URL returned error: 404", head="2/3"
    ),
    "the error was survived": (
        f"#8 [linux/arm64 2/4] RUN tool || true\n#8 0.2 {TOOL}\n#8 DONE 0.3s\n"
        + buildkit("RUN npm test", "1 failing", head="linux/arm64 4/4")
    ),
    "login": "Error response from daemon: Get https://registry.example.com/v2/: unauthorized: incorrect username or password\n",
    "a good build": "#9 [linux/arm64 3/3] RUN make\n#9 12.1 cc -o app app.c\n#9 DONE 12.3s\n#10 exporting to image\n#10 DONE 1.0s\n",
    "empty": "",
}
