"""Rewritings that still change a verdict, each with what is behind it. An entry that no longer does fails the test."""

from typing import NamedTuple


class Known(NamedTuple):
    """One difference that is not mended yet.

    Attributes:
        rewriting: its name, with wildcards.
        case: the name of the case, with wildcards.
        why: the cause.
    """

    rewriting: str
    case: str
    why: str


_ADDRESS = "a URL that holds no architecture itself, in a variable of the Dockerfile, is not followed to the branch that downloads it"
_WRAPPED = "the set-up of a job is not placed where the login in front of it runs through a wrapper"
_FROZEN = "a list that pip froze is only looked for in files of requirements"
_LOOPS = "loops over architectures are read in scripts and Makefiles only"
_TEMPLATES = "the rules on misplaced fields and on node pools read no templates"
_MAKE = "the targets of make in variables of a script are not looked at"

KNOWN = (
    Known("shell.words_put_together", "PY168 dockcross", "the image is looked for in the text, not in the words"),
    Known("hosts.in_a_workflow", "CI115 loop", _LOOPS),
    Known("hosts.in_a_job_of_gitlab", "CI115 loop", _LOOPS),
    Known("dependencies.in_*", "PY115 frozen with torch", _FROZEN),
    Known("dependencies.in_*", "PY115 installs, for nothing", _FROZEN),
    Known("dependencies.in_a_command", "PY101 good release", "lower bounds are looked at in manifests only"),
    Known("python_source.behind_the_test_of_the_name", "PY235 by a call", "an import under any test counts as one that may be missing"),
    Known("manifests.as_template_of_helm", "KUB12? *", _TEMPLATES),
    Known("manifests.as_template_of_helm", "KUB15? *", _TEMPLATES),
    Known("manifests.keys_in_another_order", "KUB108 two labels", "it is told at the second of two labels"),
    Known("dockerfile.address_in_*", "DF163 all others get amd64", _ADDRESS),
    Known("dockerfile.address_in_*", "DF163 all others get amd64, and the file for arm64 is known", _ADDRESS),
    Known(
        "dockerfile.address_in_an_argument",
        "DF140 a file that does not say so",
        "a build may pass another file: a warning, as it should be",
    ),
    Known("shell.words_in_single_quotes", "DF160 libraries in RUN", "no fix where single quotes keep a variable from its value"),
    Known(
        "shell.literals_in_variables_without_quotes", "DF160 libraries in RUN", "no fix where single quotes keep a variable from its value"
    ),
    Known(
        "shell.words_in_single_quotes", "pipeline jenkins-credentials.before", "escaped quotes in a Groovy string are read and not edited"
    ),
    Known("shell.words_put_together", "DF140 a file that does not say so", "a name without an architecture is looked for in the text"),
    Known("shell.words_put_together", "DF151 packages", "the suffix is looked for in the text, not in the words"),
    Known("shell.literals_in_variables*", "CI101 a Make target that copies what another one compiles: shown only", _MAKE),
    Known("shell.literals_in_variables*", "DF130 targets of make", _MAKE),
    Known("shell.literals_in_variables*", "DF134 runtime identifier", "the option in front of the value is not the word in front of it"),
    Known(
        "shell.lines_instead_of_lists",
        "pipeline gitlab-and-list.before",
        "commands behind semicolons of one line are not taken out together",
    ),
    Known("shell.image_names_in_variables", "CI101 a registry of a test", "a registry that lives as long as a test is known by its text"),
    Known(
        "shell.image_names_in_variables", "CI117 the script makes its builder itself", "platforms in a variable count as a caller's choice"
    ),
    Known(
        "shell.image_names_in_variables", "PY168 pulled before it runs", "the place of a pull is not known where a variable holds the image"
    ),
    *(Known(f"shell.{each}", "pipeline bitbucket-step.before", _WRAPPED) for each in ("sudo*", "time", "env", "nice", "command_builtin")),
)
