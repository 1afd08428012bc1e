"""What is made of a pod that is tied to amd64: when it is right, how bad it is, and how far its fix may be trusted."""

import pytest

from armready.core.classify import Kind
from armready.core.config import FixStyle, Platform, Settings, Target, UserImage
from armready.core.file import File
from armready.core.finding import Confidence, Severity
from armready.core.fix import Applicability, apply_edits
from armready.core.source import Source
from armready.kubernetes.pins import json_patch_facts, pin_facts

BOTH, AMD64, UNKNOWN = "nginx:1.27", "reg.example/old:1", "reg.example/app:1"
IMAGES = {"reg.example/old": UserImage(("amd64",))}
SELECTOR = "nodeSelector: {kubernetes.io/arch: amd64}"


def affinity(*terms):
    return f"affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{', '.join(terms)}]}}}}}}"


def term(operator, *values, key="kubernetes.io/arch"):
    return f"{{matchExpressions: [{{key: {key}, operator: {operator}, values: [{', '.join(values)}]}}]}}"


def pod(image=BOTH, fields=SELECTOR, kind="Pod", name="a"):
    spec = f"{{{fields}, containers: [{{name: x, image: '{image}'}}]}}"
    if kind != "Pod":
        spec = f"{{template: {{spec: {spec}}}}}"
    version = {"Pod": "v1", "Job": "batch/v1"}.get(kind, "apps/v1")
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def facts(text, path="k8s/a.yaml", kind=Kind.KUBERNETES, **settings):
    return list(pin_facts(File(Source(path, text), kind, Settings(images=IMAGES, **settings))))


def fact(text, **options):
    (found,) = facts(text, **options)
    return found


@pytest.mark.parametrize(
    ("image", "target", "severity", "applicability", "says"),
    [
        (BOTH, Target.MIXED, Severity.WARNING, Applicability.UNSAFE, "every image of it exists for arm64"),
        (UNKNOWN, Target.MIXED, Severity.WARNING, Applicability.DISPLAY, "whether reg.example/app:1 exists for arm64 is not known offline"),
        (BOTH, Target.ARM64, Severity.ERROR, Applicability.UNSAFE, "no node of an arm64 cluster takes it"),
        (AMD64, Target.ARM64, Severity.ERROR, None, "no node of an arm64 cluster takes it, and"),
        (UNKNOWN, Target.ARM64, Severity.ERROR, Applicability.UNSAFE, "no node of an arm64 cluster takes it"),
        (BOTH, Target.AUDIT, Severity.INFO, None, "it is tied to amd64"),
        (AMD64, Target.AUDIT, Severity.INFO, None, "it is tied to amd64"),
        ("amd64/nginx:1.27", Target.MIXED, Severity.WARNING, Applicability.DISPLAY, "would not have to with"),
    ],
)
def test_target_and_images_decide(image, target, severity, applicability, says):
    found = fact(pod(image), target=target)
    assert found.severity is severity
    assert (found.fix and found.fix.applicability) is applicability
    assert says in found.because


def test_a_pod_whose_image_has_no_arm64_is_right():
    assert facts(pod(AMD64)) == []
    assert facts(pod(AMD64, kind="Deployment")) == []
    (agent,) = facts(pod(AMD64, kind="DaemonSet"))
    assert (agent.severity, agent.fix) == (Severity.INFO, None)
    assert "so they get no such agent" in agent.because


@pytest.mark.parametrize(
    ("fields", "how"),
    [
        (SELECTOR, "selector"),
        ("nodeSelector: {beta.kubernetes.io/arch: amd64}", "selector"),
        ("nodeSelector: {kubernetes.io/arch: arm64}", None),
        ("nodeSelector: {kubernetes.io/arch: $ARCH}", None),
        ("nodeSelector: {disk: amd64}", None),
        (affinity(term("In", "amd64")), "affinity without arm64"),
        (affinity(term("In", "amd64", "arm64")), None),
        (affinity(term("In", "amd64"), term("In", "arm64")), None),
        (affinity(term("In", "amd64"), term("In", "x", key="disk")), None),
        (affinity(term("In", "amd64"), term("In", "s390x")), "affinity without arm64"),
        (affinity(term("In", "s390x")), None),
        (affinity(term("NotIn", "arm64")), "affinity against arm64"),
        (affinity(term("NotIn", "s390x")), None),
        (affinity(term("In", "amd64"), term("NotIn", "arm64")), "affinity without arm64"),
        (f"{SELECTOR}, os: {{name: windows}}", None),
    ],
)
def test_what_ties_a_pod(fields, how):
    found = facts(pod(fields=fields))
    assert [each.how for each in found] == ([how] if how else [])


@pytest.mark.parametrize(
    ("fields", "settings", "after"),
    [
        (SELECTOR, {}, ""),
        ("nodeSelector: {kubernetes.io/arch: amd64, disk: ssd}", {}, "nodeSelector: {disk: ssd}"),
        (SELECTOR, {"target": Target.ARM64}, "nodeSelector: {kubernetes.io/arch: arm64}"),
        (affinity(term("In", "amd64")), {}, affinity(term("In", "amd64", "arm64"))),
        (affinity(term("In", "amd64")), {"target": Target.ARM64}, affinity(term("In", "arm64"))),
        (affinity(term("NotIn", "arm64", "s390x")), {}, affinity(term("NotIn", "s390x"))),
        (affinity(term("NotIn", "arm64")), {}, ""),
        (affinity(term("In", "amd64"), term("In", "amd64")), {}, affinity(term("In", "amd64", "arm64"), term("In", "amd64", "arm64"))),
    ],
)
def test_how_it_is_loosened(fields, settings, after):
    text = pod(fields=fields)
    fix = fact(text, **settings).fix
    assert fix is not None
    assert apply_edits(text, fix.edits) == (pod(fields=after) if after else pod(fields="").replace("{, ", "{"))


@pytest.mark.parametrize("settings", [{"fix_style": FixStyle.AFFINITY}, {"platform": Platform.GKE}, {"require_arch": True}])
def test_a_selector_becomes_an_affinity(settings):
    text = pod(fields="nodeSelector: {kubernetes.io/arch: amd64, disk: ssd}")
    fix = fact(text, **settings).fix
    assert fix is not None
    assert fix.title == "Allow amd64 and arm64 nodes by an affinity"
    after = apply_edits(text, fix.edits)
    assert "nodeSelector: {disk: ssd}" in after
    assert after.index("affinity") < after.index("nodeSelector:")
    assert facts(after) == []


@pytest.mark.parametrize(
    ("path", "name", "more", "kind", "severity"),
    [
        ("k8s/a.yaml", "a", "", "Deployment", Severity.WARNING),
        ("k8s/a-amd64.yaml", "a", "", "Deployment", Severity.INFO),
        ("k8s/a-arm64.yaml", "a", "", "Deployment", Severity.WARNING),
        ("k8s/a.yaml", "a-amd64", pod(name="a-arm64", kind="Deployment", fields="os: {name: linux}"), "Deployment", Severity.INFO),
        ("k8s/a.yaml", "a-amd64", pod(name="a-arm64", kind="StatefulSet", fields="os: {name: linux}"), "Deployment", Severity.WARNING),
        ("k8s/a.yaml", "a-amd64", pod(name="b-arm64", kind="Deployment", fields="os: {name: linux}"), "Deployment", Severity.WARNING),
        ("k8s/a.yaml", "a-x86_64", pod(name="a-arm64", kind="Deployment", fields="os: {name: linux}"), "Deployment", Severity.INFO),
        ("k8s/a.yaml", "a-amd64", "", "Deployment", Severity.WARNING),
        ("k8s/a.yaml", "a-amd64", pod(name="a-arm64", kind="DaemonSet", fields="os: {name: linux}"), "DaemonSet", None),
        ("k8s/a.yaml", "a-amd64", "", "DaemonSet", Severity.WARNING),
    ],
)
def test_one_of_several_each_for_one_architecture(path, name, more, kind, severity):
    text = pod(name=name, kind=kind) + (f"---\n{more}" if more else "")
    assert [each.severity for each in facts(text, path=path)] == ([severity] if severity else [])
    assert [each.severity for each in facts(text, path=path, target=Target.ARM64)] == [Severity.ERROR]


BLOCK = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  # %s\n  nodeSelector:\n    kubernetes.io/arch: amd64\n  containers: [{name: x, image: 'nginx:1.27'}]\n"


@pytest.mark.parametrize(
    ("comment", "applicability"),
    [
        ("the image is built for amd64 only", Applicability.DISPLAY),
        ("there is no arm64 build yet", Applicability.DISPLAY),
        ("amd64 nodes", Applicability.UNSAFE),
        ("the image is not on our disks", Applicability.UNSAFE),
    ],
)
def test_a_comment_that_says_why_is_believed(comment, applicability):
    fix = fact(BLOCK % comment).fix
    assert fix is not None
    assert fix.applicability is applicability
    assert (f"A comment says why: {comment}" in fix.notes) is (applicability is Applicability.DISPLAY)


def test_what_several_pods_share_is_found_once_and_said():
    one = pod(fields="nodeSelector: &s {kubernetes.io/arch: amd64, disk: ssd}")
    text = f"{one}---\n{pod(name='b')}"
    assert [("Other objects use the same anchor." in each.fix.notes) for each in facts(text) if each.fix] == [True, False]


@pytest.mark.parametrize(("kind", "note"), [("Pod", True), ("Job", True), ("Deployment", False)])
def test_what_cannot_be_changed_in_place_is_said(kind, note):
    fix = fact(pod(kind=kind)).fix
    assert fix is not None
    assert ("must be deleted and created anew" in " ".join(fix.notes)) is note


def test_a_preference_is_an_info():
    preferred = "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: %s}]}}"
    text = pod(fields=preferred % term("In", "amd64"))
    assert [(each.how, each.severity, each.fix) for each in facts(text)] == [("preference", Severity.INFO, None)]
    assert facts(pod(fields=preferred % term("In", "amd64", "arm64"))) == []
    assert facts(text, target=Target.AUDIT) == []


def test_a_template_is_less_sure():
    assert fact(pod()).confidence is Confidence.HIGH
    assert fact(pod(), kind=Kind.HELM_TEMPLATE, path="chart/templates/a.yaml").confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("operation", "found"),
    [
        ("{op: add, path: /spec/template/spec/nodeSelector/kubernetes.io~1arch, value: amd64}", True),
        ("{op: replace, path: /spec/template/spec/nodeSelector/kubernetes.io~1arch, value: amd64}", True),
        ("{op: add, path: /spec/template/spec/nodeSelector, value: {kubernetes.io/arch: amd64}}", True),
        ("{op: add, path: /spec/template/spec/nodeSelector, value: {disk: amd64}}", False),
        ("{op: add, path: /spec/template/spec/nodeSelector/kubernetes.io~1arch, value: arm64}", False),
        ("{op: remove, path: /spec/template/spec/nodeSelector/kubernetes.io~1arch}", False),
        ("{op: test, path: /spec/template/spec/nodeSelector/kubernetes.io~1arch, value: amd64}", False),
        ("{op: add, path: /spec/arch, value: amd64}", False),
    ],
)
@pytest.mark.parametrize("target", Target)
def test_json_patches(operation, found, target):
    file = File(Source("patch.yaml", f"- {operation}\n- {{op: add, path: /x, value: y}}\n"), Kind.KUBERNETES, Settings(target=target))
    levels = {Target.ARM64: Severity.ERROR, Target.AUDIT: Severity.INFO, Target.MIXED: Severity.WARNING}
    assert [each.severity for each in json_patch_facts(file)] == ([levels[target]] if found else [])
