"""What is found in images, whoever made them."""

import gzip
import io
import json
import tarfile

import pytest

from armready.core.errors import ParseProblem
from armready.verify.archive import members
from armready.verify.contents import look
from armready.verify.layout import read_image
from tests.verify.layouts import AMD64, ARM64, Layout, elf, layer
from tests.verify.test_explain import recipe_of

BASE = ("/bin/sh -c #(nop) ADD file:abc in / ", layer({"bin/sh": ARM64}))
DOCKERFILE = """FROM debian:12 AS build
RUN make

FROM debian:12
ARG TARGETARCH
ENV A=1
RUN curl -o /usr/local/bin/tool \\
    https://example.com/tool
COPY --from=build /out /app
CMD ["/app"]
"""


def built(tmp_path, tool=AMD64, app=ARM64, base=BASE, architecture="arm64"):
    layout = Layout(tmp_path / "layout")
    history = [
        base,
        ('CMD ["bash"]', None),
        ("ARG TARGETARCH=arm64", None),
        ("ENV A=1", None),
        (
            "RUN |1 TARGETARCH=arm64 /bin/sh -c curl -o /usr/local/bin/tool     https://example.com/tool # buildkit",
            layer({"usr/local/bin/tool": tool}),
        ),
        ("COPY /out /app # buildkit", layer({"app": app})),
        ('CMD ["/app"]', None),
    ]
    return layout.write(layout.image(architecture, history))


def test_the_line_that_brought_a_foreign_program(tmp_path):
    found = look(built(tmp_path), "arm64", recipe_of(DOCKERFILE, "svc/Dockerfile"))
    assert [(each.path, each.architecture, each.origin.path, each.origin.line) for each in found.foreign] == [
        ("usr/local/bin/tool", "amd64", "svc/Dockerfile", 7)
    ]
    assert (found.programs, found.base) == (3, "")


def test_programs_of_the_image_are_not_foreign(tmp_path):
    assert look(built(tmp_path, ARM64), "arm64", recipe_of(DOCKERFILE)).foreign == ()


def test_an_amd64_image_with_a_program_for_arm64(tmp_path):
    base = ("base", layer({"bin/sh": AMD64}))
    found = look(built(tmp_path, ARM64, AMD64, base, "amd64"), "amd64", recipe_of(DOCKERFILE))
    assert [each.path for each in found.foreign] == ["usr/local/bin/tool"]


def test_a_foreign_file_of_the_base_image_is_excepted_and_a_foreign_base_is_not(tmp_path):
    mixed = ("base", layer({"bin/sh": ARM64, "bin/ls": ARM64, "usr/lib/stub-x86": AMD64}))
    found = look(built(tmp_path / "1", ARM64, base=mixed), "arm64", recipe_of(DOCKERFILE))
    assert (found.foreign, found.base) == ((), "")
    foreign = ("base", layer({"bin/sh": AMD64, "bin/ls": AMD64, "usr/lib/stub": ARM64}))
    assert look(built(tmp_path / "2", ARM64, base=foreign), "arm64", recipe_of(DOCKERFILE)).base == "amd64"


def test_what_is_not_run_is_not_foreign(tmp_path):
    assert look(built(tmp_path, elf(62, kind=1)), "arm64", recipe_of(DOCKERFILE)).foreign == ()
    assert look(built(tmp_path / "2", elf(247)), "arm64", recipe_of(DOCKERFILE)).foreign == ()


def test_a_package_that_brings_all_architectures(tmp_path):
    layout = Layout(tmp_path / "layout")
    both = {"node_modules/x/prebuilds/linux-x64/x.node": elf(62, 3), "node_modules/x/prebuilds/linux-arm64/x.node": elf(183, 3)}
    alone = {"node_modules/y/prebuilds/linux-x64/y.node": elf(62, 3)}
    image = layout.image("arm64", [BASE, ("RUN /bin/sh -c npm ci # buildkit", layer({**both, **alone}))])
    found = look(layout.write(image), "arm64", recipe_of("FROM node:22\nRUN npm ci\n"))
    assert [(each.path, each.origin.line) for each in found.foreign] == [("node_modules/y/prebuilds/linux-x64/y.node", 2)]


def test_a_stage_that_begins_with_another_one(tmp_path):
    text = "FROM debian:12 AS base\nRUN one\nFROM base AS dev\nRUN dev\nFROM base\nRUN two\n"
    layout = Layout(tmp_path / "layout")
    history = [BASE, ("RUN /bin/sh -c one # buildkit", layer({"one": AMD64})), ("RUN /bin/sh -c two # buildkit", layer({"two": AMD64}))]
    found = look(layout.write(layout.image("arm64", history)), "arm64", recipe_of(text))
    assert [(each.path, each.origin.line) for each in found.foreign] == [("one", 2), ("two", 6)]


def test_a_base_image_without_history(tmp_path):
    layout = Layout(tmp_path / "layout")
    image = layout.image("arm64", [("", layer({"bin/sh": ARM64})), ("COPY a /a # buildkit", layer({"a": AMD64})), ('CMD ["/a"]', None)])
    digest = image["digest"].removeprefix("sha256:")
    manifest = json.loads((layout.folder / "blobs" / "sha256" / digest).read_text())
    config = json.loads((layout.folder / "blobs" / "sha256" / manifest["config"]["digest"].removeprefix("sha256:")).read_text())
    manifest["config"] = layout.blob(json.dumps(config | {"history": config["history"][1:]}).encode())
    found = look(layout.write(layout.blob(json.dumps(manifest).encode())), "arm64", recipe_of('FROM base\nCOPY a /a\nCMD ["/a"]\n'))
    assert [(each.path, each.origin.line) for each in found.foreign] == [("a", 2)]


def test_a_target(tmp_path):
    text = "FROM debian:12 AS one\nRUN one\nFROM debian:12 AS two\nRUN two\n"
    layout = Layout(tmp_path / "layout")
    image = layout.image("arm64", [BASE, ("RUN /bin/sh -c one # buildkit", layer({"one": AMD64}))])
    assert look(layout.write(image), "arm64", recipe_of(text), "one").foreign[0].origin.line == 2


def test_a_history_that_does_not_fit_names_no_line(tmp_path):
    found = look(built(tmp_path), "arm64", recipe_of("FROM debian:12\nCOPY a b\nRUN a\n"))
    assert [(each.path, each.origin.line) for each in found.foreign] == [("usr/local/bin/tool", 0)]
    assert "curl" in found.foreign[0].origin.text


def test_attestations_and_inner_indexes(tmp_path):
    layout = Layout(tmp_path / "layout")
    image = layout.image("arm64", [BASE])
    statement = layout.image("arm64", [BASE]) | {"platform": {"os": "unknown", "architecture": "unknown"}}
    inner = layout.blob(json.dumps({"manifests": [statement, image]}).encode())
    assert read_image(layout.write(inner), "arm64").digest == image["digest"]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_names_of_all_lengths(form):
    files = {f"{'d' * 90}/{'e' * 60}/tool": AMD64, "a": b"", "./b": b"x" * 5000, "/c": ARM64}
    if form is not tarfile.USTAR_FORMAT:
        files[f"{'n' * 300}/é"] = AMD64
    found = list(members(io.BytesIO(layer(files, form)), 20))
    assert [(each.path, each.size, each.head) for each in found] == [
        (path.removeprefix("./").lstrip("/"), len(data), data[:20]) for path, data in files.items()
    ]


def test_several_members_of_gzip_and_none():
    data = layer({"a": AMD64, "b": ARM64})
    packed = gzip.compress(data[:700]) + gzip.compress(data[700:])
    assert [each.path for each in members(io.BytesIO(packed), 20)] == ["a", "b"]
    assert list(members(io.BytesIO(b""), 20)) == []


def header(size: bytes, kind: bytes = b"0") -> bytes:
    return b"name".ljust(124, b"\0") + size.ljust(12, b"\0") + bytes(20) + kind + bytes(355)


@pytest.mark.parametrize(
    "data",
    [
        header(b"7777777777", b"x"),
        header(b"\x80" + b"\xff" * 11, b"L"),
        header(b"not octal"),
        gzip.compress(layer({"a": AMD64}))[:-30] + b"garbage" * 9,
        b"\x28\xb5\x2f\xfd" + bytes(600),
    ],
)
def test_hostile_layers_are_refused(data):
    with pytest.raises(ParseProblem):
        list(members(io.BytesIO(data), 20))


def test_a_size_without_end_ends_with_the_layer():
    assert [each.path for each in members(io.BytesIO(header(b"\x80" + b"\xff" * 11)), 20)] == ["name"]


def test_a_bomb_costs_no_memory():
    """A gigabyte of zeros in a file is skipped piece by piece."""
    import tracemalloc

    packed = b"".join(
        [gzip.compress(header(b"%011o" % (200 << 20))), *[gzip.compress(bytes(10 << 20))] * 20, gzip.compress(layer({"b": AMD64}))]
    )
    tracemalloc.start()
    assert [each.path for each in members(io.BytesIO(packed), 20)] == ["name", "b"]
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "damage",
    [
        lambda layout: (layout.folder / "index.json").write_text("[]"),
        lambda layout: (layout.folder / "index.json").write_text('{"manifests": [{"digest": "../../etc/passwd"}]}'),
        lambda layout: (layout.folder / "index.json").write_text('{"manifests": [{"digest": "sha256:' + "0" * 64 + '"}]}'),
        lambda layout: (layout.folder / "index.json").write_text("[" * 100_000),
        lambda layout: [each.unlink() for each in (layout.folder / "blobs" / "sha256").iterdir()],
    ],
)
def test_damaged_layouts_are_refused(tmp_path, damage):
    layout = Layout(tmp_path / "layout")
    layout.write(layout.image("arm64", [BASE]))
    damage(layout)
    with pytest.raises(ParseProblem):
        look(layout.folder, "arm64", None)


def test_a_layer_that_is_a_link_is_not_followed(tmp_path):
    layout = Layout(tmp_path / "layout")
    layout.write(layout.image("arm64", [BASE]))
    digest = read_image(layout.folder, "arm64").layers[0].digest.removeprefix("sha256:")
    blob = layout.folder / "blobs" / "sha256" / digest
    blob.unlink()
    blob.symlink_to("/etc/hostname")
    with pytest.raises(ParseProblem):
        look(layout.folder, "arm64", None)
