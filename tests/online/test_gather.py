import pytest

from armready.core.config import Settings, UserImage
from armready.core.reference import Reference
from armready.core.tree import MemoryTree
from armready.online.gather import Questions, images_of, questions, worth_asking

AMD64 = "sha256:" + "a" * 64


def asked(settings: Settings | None = None, **files: str):
    tree = MemoryTree({name.replace("__", "."): text.encode() for name, text in files.items()})
    return questions(tree, sorted(name.replace("__", ".") for name in files), settings or Settings())


def test_images_of_every_kind_of_file() -> None:
    found = asked(
        Dockerfile="ARG V=1\nFROM reg.example/base:$V AS x\nCOPY --from=reg.example/tools:2 /a /a\nFROM x\nFROM $UNKNOWN\nFROM scratch\n",
        pod__yaml="apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: reg.example/app:3\n    name: x\n",
        compose__yaml="services:\n  a:\n    image: reg.example/service:4\n",
    )
    assert sorted(found.images) == ["reg.example/app:3", "reg.example/base:1", "reg.example/service:4", "reg.example/tools:2"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("python:3.12", []),
        ("scratch", []),
        ("mysql:5.7", ["mysql:5.7", "mysql:8.0"]),
        ("reg.example/app:1", ["reg.example/app:1"]),
        ("reg.example/app:1-amd64", ["reg.example/app:1-amd64", "reg.example/app:1"]),
        (f"python:3.12@{AMD64}", [f"python:3.12@{AMD64}", "python:3.12"]),
        ("mcr.microsoft.com/windows/servercore:1809", []),
    ],
)
def test_what_is_worth_asking(text: str, expected: list[str]) -> None:
    assert [each.text for each in worth_asking(text, Settings())] == expected


def test_what_the_user_says_is_not_asked() -> None:
    settings = Settings(images={"reg.example/app": UserImage(("amd64",))})
    assert asked(settings, Dockerfile="FROM reg.example/app:1\n").images == {}


def test_packages_and_indexes() -> None:
    found = asked(requirements__txt="--index-url https://i.example/simple\nA_b==1\nc @ https://x.example/c.whl\n-r other.txt\n")
    assert found.packages == {"a-b"}
    assert found.options == [("--index-url", "https://i.example/simple")]
    assert found.inputs == {}
    assert asked(Settings(resolve=True), requirements__txt="a==1\n").inputs == {"requirements.txt": ("a==1",)}


def test_files_for_arm64_and_their_checksums() -> None:
    url = "https://get.helm.sh/helm-v3.14.0-linux-{}.tar.gz"
    text = f"FROM alpine:3.20\nRUN wget -O h {url.format('amd64')} && echo '{'a' * 64}  h' | sha256sum -c\n"
    found = asked(Dockerfile=text)
    assert found.assets == {url.format("arm64")}
    assert found.checksums[url.format("amd64")].literal == "a" * 64
    assert asked(Dockerfile="FROM alpine:3.20\nRUN wget http://plain.example/x-linux-amd64\n").assets == set()


def test_files_that_cannot_be_read_ask_for_nothing() -> None:
    assert asked(pod__yaml="apiVersion: v1\nkind: Pod\n\t{{[", Dockerfile="\0FROM x\n").images == {}
    assert images_of(MemoryTree({"Dockerfile": b"\xff\xfe\xff"}), ["Dockerfile", "gone.yaml"], Settings(), []) == []


@pytest.mark.parametrize("name", ["reg.example/a?b:1", "reg.example/../a:1 x", "-h/x", "re g/x"])
def test_names_that_are_none_are_not_asked(name: str) -> None:
    found = Questions()
    found.add_image(Reference.parse(f"{name};"))
    assert found.images == {}
