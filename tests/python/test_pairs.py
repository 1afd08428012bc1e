"""Two declarations of one package, one of which is for arm64."""

import pytest

from armready.core.config import Settings
from armready.testing import analyse_files

ARM64, OTHERS = "mkl==2024.0.0 ; platform_machine == 'aarch64'\n", "mkl==2024.0.0 ; python_version >= '3.8'\n"
NOT_ARM64 = "mkl==2024.0.0 ; platform_machine != 'aarch64'\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (OTHERS, 1),
        (OTHERS + OTHERS.replace("2024.0.0", "2024.1.0"), 2),
        (OTHERS + ARM64, 0),
        (ARM64 + OTHERS, 0),
        (OTHERS + ARM64.replace("mkl", "tbb"), 1),
        (NOT_ARM64, 0),
        (ARM64.replace("\n", " or platform_machine == 'x86_64'\n"), 1),
    ],
)
def test_a_package_for_x86_only_with_a_declaration_for_arm64_beside_it(text, found):
    _, _, analysis = analyse_files({"requirements.txt": text}, Settings())
    assert len([each for each in analysis.findings if each.code == "PY103" and "mkl" in each.message]) == found
