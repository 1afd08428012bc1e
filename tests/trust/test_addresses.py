"""An address is refused for where it leads, in whatever spelling."""

from ipaddress import ip_address

import pytest

from armready.online.addresses import Hosts, Target, hands_out_credentials, is_local_name, is_public
from armready.online.errors import UnansweredError

PUBLIC = ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "192.167.0.1", "2606:4700::1111", "2a00:1450:4001::1"]
PRIVATE = {
    "this network": "0.0.0.0 0.1.2.3 ::",
    "loopback": "127.0.0.1 127.255.255.254 ::1",
    "private": "10.0.0.1 172.16.0.1 172.31.255.255 192.168.0.1 fc00::1 fd12:3456::1",
    "shared by carriers": "100.64.0.1 100.127.255.255",
    "link-local": "169.254.0.1 fe80::1 febf::1",
    "site-local": "fec0::1",
    "multicast": "224.0.0.1 239.255.255.255 ff02::1 ff0e::1",
    "reserved": "192.0.0.1 198.18.0.1 240.0.0.1 255.255.255.255 100:: 4000::1",
    "documentation": "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1",
    "services of clouds": "169.254.169.254 100.100.100.200 168.63.129.16 192.0.0.192 fd00:ec2::254 fd20:ce::254",
    "mapped": "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254",
    "compatible": "::127.0.0.1 ::8.8.8.8",
    "translated": "::ffff:0:127.0.0.1",
    "NAT64": "64:ff9b::127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::8.8.8.8",
    "6to4": "2002:7f00:1:: 2002:a9fe:a9fe::1",
    "Teredo": "2001:0:7f00:1::1",
    "ISATAP": "2a00:1450:4001::5efe:127.0.0.1 2a00:1450:4001:0:200:5efe:10.0.0.1",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert is_public(ip_address(address))
    assert not hands_out_credentials(ip_address(address))


@pytest.mark.parametrize("kind", PRIVATE)
def test_not_public(kind: str) -> None:
    assert [each for each in PRIVATE[kind].split() if is_public(ip_address(each))] == []


@pytest.mark.parametrize("address", ["64:ff9b::8.8.8.8", "2002:808:808::1", "::ffff:8.8.8.8"])
def test_a_public_address_behind_a_gateway_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", [*PRIVATE["services of clouds"].split(), "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0", "::"]
)
def test_services_of_clouds(address: str) -> None:
    assert hands_out_credentials(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "1.2.3.4.5",
        "0x",
        "evil.0x7f",
        "localhost.",
        "registry.example.",
        "127.0.0.1.",
        "evil..example",
        ".example",
        "[fe80::1%25eth0]",
        "[::1%250]",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "127.0.0.1%00.example",
        "%31%32%37.0.0.1",
        "evil.example\\@127.0.0.1",
        "user:secret@registry.example",
        "user@registry.example",
        "a b.example",
        "a\tb.example",
        "a\nb.example",
        "",
        "x" * 64 + "." + "y" * 250,
        "registry.example:99999",
        "registry.example:0",
        "registry.example:x",
    ],
)
def test_spellings_that_are_no_addresses(host: str) -> None:
    with pytest.raises(UnansweredError):
        Target.of(f"https://{host}/v2/")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://files.example/x", "gopher://x.example/", "//registry.example/", "x", "https:x", ""]
)
def test_other_schemes(url: str) -> None:
    with pytest.raises(UnansweredError):
        Target.of(url)


@pytest.mark.parametrize(
    "url, host, port",
    [
        ("https://Registry.Example/v2/", "registry.example", 443),
        ("http://registry.example", "registry.example", 80),
        ("https://registry.example:5000", "registry.example", 5000),
        ("https://[2606:4700::1111]:5000/", "2606:4700::1111", 5000),
        ("https://1.1.1.1/", "1.1.1.1", 443),
        ("https://bücher.example/", "xn--bcher-kva.example", 443),
        ("https://my_registry.example/", "my_registry.example", 443),
        ("https://registry.4you.example/", "registry.4you.example", 443),
    ],
)
def test_usual_spellings(url: str, host: str, port: int) -> None:
    target = Target.of(url)
    assert (target.host, target.port) == (host, port)


@pytest.mark.parametrize(
    "host, local", [("intranet", True), ("a.local", True), ("metadata.google.internal", True), ("registry.example", False)]
)
def test_names_of_ones_own_network(host: str, local: bool) -> None:
    assert is_local_name(host) is local


@pytest.mark.parametrize(
    "named, asked, expected",
    [
        ("registry.corp", "https://registry.corp/", True),
        ("registry.corp", "https://registry.corp:5000/", False),
        ("registry.corp", "http://registry.corp/", False),
        ("registry.corp", "https://evil.registry.corp/", False),
        ("Registry.Corp:5000", "https://registry.corp:5000/", True),
        ("registry.corp:5000", "https://registry.corp/", False),
        ("registry.corp:*", "https://registry.corp:1234/", True),
        ("*.corp", "https://registry.corp/", True),
        ("*.corp", "https://registry.corp.evil.example/", False),
        ("*.corp", "https://evilcorp/", False),
        ("registry.corp/dockerhub", "https://registry.corp/v2/", True),
        ("https://registry.corp/v1/", "https://registry.corp/", True),
        ("http://index.corp/simple", "http://index.corp/simple/x/", True),
        ("http://index.corp/simple", "https://index.corp/simple/x/", False),
        ("http://index.corp:8080", "http://index.corp:8080/", True),
        ("[::1]:5000", "https://[::1]:5000/", True),
        ("::1", "https://[::1]/", False),
        ("[::1]", "https://[::1]/", True),
        ("", "https://registry.corp/", False),
        ("*", "https://registry.corp/", False),
    ],
)
def test_hosts_that_the_user_names(named: str, asked: str, expected: bool) -> None:
    assert (Target.of(asked) in Hosts.of([named])) is expected
