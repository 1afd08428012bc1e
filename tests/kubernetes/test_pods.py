"""Where kinds keep their pod specs, what runs in them, and what constrains them."""

import re

import pytest

from armready.core.classify import Kind
from armready.core.config import Settings
from armready.core.file import File
from armready.core.source import Source
from armready.kubernetes.documents import PLACEHOLDER, documents, mask, resources
from armready.kubernetes.images import image_uses
from armready.kubernetes.model import Origin, Role
from armready.kubernetes.placement import EVERY, allowed, opaque_pins, says_arch, selector, tolerates_arm
from armready.kubernetes.pods import pods
from armready.languages.yaml.nodes import span


def opened(text: str, kind: Kind = Kind.KUBERNETES) -> File:
    return File(Source("a.yaml", text), kind, Settings())


POD = "{containers: [{name: c, image: 'a:1'}], initContainers: [{name: i, image: 'b:1'}], nodeSelector: {kubernetes.io/arch: arm64}}"


@pytest.mark.parametrize(
    "kind, version, body",
    [
        ("Pod", "v1", f"spec: {POD}"),
        ("PodTemplate", "v1", f"template: {{spec: {POD}}}"),
        ("Deployment", "apps/v1", f"spec: {{template: {{spec: {POD}}}}}"),
        ("StatefulSet", "apps/v1", f"spec: {{template: {{spec: {POD}}}}}"),
        ("Job", "batch/v1", f"spec: {{template: {{spec: {POD}}}}}"),
        ("DeploymentConfig", "apps.openshift.io/v1", f"spec: {{template: {{spec: {POD}}}}}"),
        ("Rollout", "argoproj.io/v1alpha1", f"spec: {{template: {{spec: {POD}}}}}"),
        ("Service", "serving.knative.dev/v1", f"spec: {{template: {{spec: {POD}}}}}"),
        ("CronJob", "batch/v1", f"spec: {{jobTemplate: {{spec: {{template: {{spec: {POD}}}}}}}}}"),
        ("JobSet", "jobset.x-k8s.io/v1alpha2", f"spec: {{replicatedJobs: [{{template: {{spec: {{template: {{spec: {POD}}}}}}}}}]}}"),
        ("ScaledJob", "keda.sh/v1alpha1", f"spec: {{jobTargetRef: {{template: {{spec: {POD}}}}}}}"),
        ("PyTorchJob", "kubeflow.org/v1", f"spec: {{pytorchReplicaSpecs: {{Worker: {{template: {{spec: {POD}}}}}}}}}"),
        ("RayCluster", "ray.io/v1", f"spec: {{workerGroupSpecs: [{{template: {{spec: {POD}}}}}]}}"),
        ("RayJob", "ray.io/v1", f"spec: {{rayClusterSpec: {{headGroupSpec: {{template: {{spec: {POD}}}}}}}}}"),
        ("Elasticsearch", "elasticsearch.k8s.elastic.co/v1", f"spec: {{nodeSets: [{{podTemplate: {{spec: {POD}}}}}]}}"),
        ("Prometheus", "monitoring.coreos.com/v1", f"spec: {POD}"),
        ("Anything", "example.com/v1", f"spec: {{deep: [{{er: {POD}}}]}}"),
        ("List", "v1", f"items: [{{apiVersion: v1, kind: Pod, spec: {POD}}}]"),
        ("Template", "template.openshift.io/v1", f"objects: [{{apiVersion: v1, kind: Pod, spec: {POD}}}]"),
    ],
)
def test_paths(kind, version, body):
    (pod,) = opened(f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n{body}\n").parse(pods)
    assert sorted((image.text, image.role) for image in pod.images) == [("a:1", Role.CONTAINER), ("b:1", Role.INIT)]
    assert allowed(pod) == {"arm64"}


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Service\nspec: {selector: {app: x}}\n",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {nodeSelector: {a: b}}\n",
        "apiVersion: v1\nkind: Node\nmetadata: {labels: {kubernetes.io/arch: amd64}}\n",
        "apiVersion: example.com/v1\nkind: X\nspec: {nodeSelector: {type: object, additionalProperties: {type: string}}}\n",
        "apiVersion: v1\nkind: PersistentVolume\nspec: {nodeAffinity: {required: {}}}\n",
        "a: 1\n",
        "",
    ],
)
def test_what_is_no_workload(text):
    assert opened(text).parse(pods) == ()


def test_argo_templates_override_the_workflow():
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: x-}
spec:
  nodeSelector: {kubernetes.io/arch: amd64}
  templates:
  - name: one
    container: {image: "a:1"}
  - name: two
    nodeSelector: {kubernetes.io/arch: arm64}
    script: {image: "b:1", command: [sh], source: echo}
"""
    found = {tuple(image.text for image in pod.images): allowed(pod) for pod in opened(text).parse(pods)}
    assert found == {("a:1",): {"amd64"}, ("b:1",): {"arm64"}}


def test_tekton_steps_are_no_scope_of_scheduling():
    text = "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps: [{name: s, image: 'a:1'}]\n"
    (pod,) = opened(text).parse(pods)
    assert not pod.schedulable
    assert pod.images[0].role is Role.STEP


def test_operators_keep_the_image_beside_the_selector():
    text = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nspec:\n  imageName: a:1\n  affinity:\n"
    text += "    nodeSelector: {kubernetes.io/arch: arm64}\n"
    (pod,) = opened(text).parse(pods)
    assert [image.text for image in pod.images] == ["a:1"]


def test_spark_and_images_of_operators():
    spark = (
        "apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nspec:\n  image: org/spark:1\n  driver: {nodeSelector: {a: b}}\n"
    )
    found = {(pod.schedulable, tuple(image.text for image in pod.images)) for pod in opened(spark).parse(pods)}
    assert found == {(False, ("org/spark:1",)), (True, ("org/spark:1",))}
    kafka = "apiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\n"
    kafka += "spec: {kafka: {image: org/kafka:1, template: {pod: {affinity: {nodeAffinity: {}}}}}}\n"
    assert [use.image.text for use in opened(kafka).parse(image_uses)] == ["org/kafka:1"]


def term(*expressions: str) -> str:
    return "{matchExpressions: [" + ", ".join(expressions) + "]}"


def arch(operator: str, *values: str) -> str:
    return f"{{key: kubernetes.io/arch, operator: {operator}, values: [{', '.join(values)}]}}"


def affinity(*terms: str) -> str:
    return "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [" + ", ".join(terms) + "]}}}"


OTHER = "{key: some-label, operator: In, values: [x]}"


@pytest.mark.parametrize(
    "fields, nodes, says",
    [
        ("nodeSelector: {kubernetes.io/arch: amd64}", {"amd64"}, True),
        ("nodeSelector: {beta.kubernetes.io/arch: arm64}", {"arm64"}, True),
        ("nodeSelector: {}", EVERY, False),
        ("affinity: {}", EVERY, False),
        ("affinity: {nodeAffinity: {}}", EVERY, False),
        (affinity(term(arch("In", "amd64"))), {"amd64"}, True),
        (affinity(term(OTHER)), EVERY, False),
        (affinity(term(OTHER), term(arch("In", "amd64"))), EVERY, False),
        (affinity(term(arch("In", "amd64")), term(arch("In", "arm64"))), {"amd64", "arm64"}, True),
        (affinity(term(arch("In", "amd64", "arm64"), arch("NotIn", "amd64"))), {"arm64"}, True),
        (affinity(term(arch("NotIn", "arm64"))), EVERY - {"arm64"}, True),
        (affinity(term("{key: kubernetes.io/arch, operator: Exists}")), EVERY, True),
        (affinity(term("{key: kubernetes.io/arch, operator: DoesNotExist}")), frozenset(), True),
        (affinity(term(arch("In", "aarch64"))), {"arm64"}, True),
        (affinity(term(arch("In", "unheard-of"))), EVERY, True),
        ("nodeSelector: {kubernetes.io/arch: $ARCH}", EVERY, True),
        ("nodeSelector: {kubernetes.io/arch: amd64}, " + affinity(term(arch("In", "arm64"))), frozenset(), True),
        ("nodeSelector: {node.kubernetes.io/instance-type: m7g.large}", {"arm64"}, True),
        ("nodeSelector: {cloud.google.com/machine-family: n2}", {"amd64"}, True),
        ("nodeSelector: {node.kubernetes.io/instance-type: x-large}", EVERY, False),
    ],
)
def test_placement(fields, nodes, says):
    (pod,) = opened(f"apiVersion: v1\nkind: Pod\nspec: {{{fields}, containers: [{{name: x, image: a}}]}}\n").parse(pods)
    assert allowed(pod) == nodes
    assert says_arch(pod) is says


def test_pins_by_hand_and_tolerations():
    (pod,) = opened(
        "apiVersion: v1\nkind: Pod\nspec:\n  nodeName: n\n  nodeSelector: {agentpool: p}\n"
        "  tolerations: [{key: kubernetes.io/arch, value: arm64}]\n  containers: []\n"
    ).parse(pods)
    assert [node.value for node in opaque_pins(pod)] == ["agentpool", "n"]
    assert tolerates_arm(pod, "kubernetes.io/arch=arm64:NoSchedule")[1]
    assert tolerates_arm(pod, "x=y:NoSchedule")[1]


@pytest.mark.parametrize(
    "fields",
    [
        "os: {name: windows}",
        "nodeSelector: {kubernetes.io/os: windows}",
        affinity(term("{key: kubernetes.io/os, operator: In, values: [windows]}")),
    ],
)
def test_windows(fields):
    (pod,) = opened(f"apiVersion: v1\nkind: Pod\nspec: {{{fields}, containers: [{{name: x, image: a}}]}}\n").parse(pods)
    assert pod.is_windows


VALUES = """\
image:
  registry: quay.io
  repository: org/app
  tag: "1.2"
nodeSelector: {}
proxy:
  image: envoy:1
  nodeSelector:
    kubernetes.io/arch: arm64
metrics:
  sidecar: {repository: org/exporter, tag: 2}
git: {repository: https://example.com/x.git, tag: v1}
url: "http://a/b:c"
"""


def test_helm_values():
    file = opened(VALUES, Kind.HELM_VALUES)
    assert {pod.title: [image.text for image in pod.images] for pod in file.parse(pods)} == {
        "the workload of these values": ["quay.io/org/app:1.2"],
        "the workload of proxy": ["envoy:1"],
    }
    assert [use.image.text for use in file.parse(image_uses)] == ["quay.io/org/app:1.2", "envoy:1", "org/exporter:2"]


@pytest.mark.parametrize("kind, path", [("HelmRelease", ("spec", "values")), ("Application", ("spec", "source", "helm", "valuesObject"))])
def test_values_of_releases(kind, path):
    inner = "{image: {repository: org/app, tag: '1'}, nodeSelector: {kubernetes.io/arch: amd64}}"
    for key in reversed(path):
        inner = f"{{{key}: {inner}}}"
    text = f"{{apiVersion: x/v1, kind: {kind}, metadata: {{name: r}}, {inner[1:-1]}}}\n"
    (pod,) = opened(text).parse(pods)
    assert pod.origin is Origin.VALUES
    assert allowed(pod) == {"amd64"}
    assert pod.title == f"{kind}/r"


def test_values_of_an_application_in_a_string():
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: r}
spec:
  source:
    helm:
      values: |
        image: org/app:1
        nodeSelector:
          kubernetes.io/arch: amd64
"""
    (pod,) = opened(text).parse(pods)
    assert allowed(pod) == {"amd64"}
    assert text[slice(*span(pod.images[0].node))] == "org/app:1"


TEMPLATE = """\
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "x.name" . }}
  labels: {{- include "x.labels" . | nindent 4 }}
spec:
  template:
    spec:
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{/* a "comment" {{ */}}
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.registry }}/app-amd64:{{ .Values.tag | default "1" }}"
      nodeSelector:
        kubernetes.io/arch: amd64
{{- end }}
"""


def test_templates_keep_every_place():
    assert len(mask(TEMPLATE)) == len(TEMPLATE)
    file = opened(TEMPLATE, Kind.HELM_TEMPLATE)
    (pod,) = file.parse(pods)
    assert pod.origin is Origin.TEMPLATE
    assert pod.title == "Deployment"
    assert allowed(pod) == {"amd64"}
    assert pod.images[0].text == '{{ .Values.registry }}/app-amd64:{{ .Values.tag | default "1" }}'
    assert TEMPLATE[slice(*span(pod.images[0].node))].startswith('"{{')


@pytest.mark.parametrize(
    "text, expected",
    [
        ('a: {{ x "}}" `}}` }}b', "a: ***b"),
        ("{{- /* }} don't {{ */ -}}\nc", "c"),
        ("a: {{ unclosed\nb: {{ x }}", "a: {{ unclosed\nb: ***"),
        ("a: {{{{ x }}}}", "a: {{***}}"),
    ],
)
def test_actions(text, expected):
    masked = mask(text)
    assert len(masked) == len(text)
    assert re.sub(f"{PLACEHOLDER}+", "***", masked).strip() == expected


@pytest.mark.parametrize("text", ["{{" * 100_000, "{{/*" * 50_000, '{{ " ' * 50_000, "{{ ` " * 50_001, "a: {{ x }}\n" * 30_000])
def test_hostile_text_is_masked(text):
    assert len(mask(text)) == len(text)


def test_a_selector_that_a_template_puts_in_is_said():
    text = (
        "apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector:\n    {{- toYaml .Values.x | nindent 4 }}\n  containers: [{name: x, image: a}]\n"
    )
    (pod,) = opened(text, Kind.HELM_TEMPLATE).parse(pods)
    assert says_arch(pod)


def test_a_document_that_cannot_be_read_leaves_the_others():
    file = opened("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\na: [\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n")
    assert [each.title for each in file.parse(resources)] == ["Pod/a", "Pod/b"]
    assert file.problems
    assert not file.parse(documents).templated


def test_kustomization():
    text = "images:\n- name: a\n  newName: b-amd64\n  newTag: '1'\n- name: c\n  digest: sha256:00\n- name: d\n"
    assert [use.image.text for use in opened(text, Kind.KUSTOMIZATION).parse(image_uses)] == ["b-amd64:1", "c@sha256:00"]


_SELECTED = "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec:\n  nodeSelector: {kubernetes.io/arch: amd64}\n  containers: [{name: c, image: %s}]\n"


@pytest.mark.parametrize("image", ["{{ .Image }}", '"{{ .Image }}"', "a:{{ .Tag }}"])
@pytest.mark.parametrize(
    "after", ["{{ if .X }}\n---\nkind: A\nname: {{ .B }}:c\n{{ end }}\n---\n", "{{- if .X }}\n  hostIPC: true\n{{- end }}\n", ""]
)
def test_a_template_outside_of_charts_loses_no_document(image, after):
    first = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: {{ .Name }}}\n---\n"
    file = opened(first + _SELECTED % image + after)
    assert "Pod/b" in [each.title for each in file.parse(resources)]
    assert [pod.images[0].text for pod in file.parse(pods) if pod.images] == [image.strip('"')]
    assert not file.problems


def test_what_cannot_be_read_of_a_template_is_noted():
    broken = "".join(f"a{number}: [\n" for number in range(30))
    file = opened(f"{_SELECTED % 'a:{{ .Tag }}'}---\n{broken}")
    assert [each.title for each in file.parse(resources)] == ["Pod/b"]
    assert file.problems


def test_actions_inside_of_strings_make_no_template():
    assert not opened(_SELECTED % "'{{inputs.parameters.image}}'").parse(documents).templated
    assert opened(_SELECTED % "{{ .Image }}").parse(documents).templated


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_scheduling_as_text_in_values(end):
    text = (
        "a:\n  image: registry.example.com/a:1\n  nodeSelector: |\n    # x\n    kubernetes.io/arch: amd64\n  affinity: |-\n    nodeAffinity: {}\n"
        "b:\n  nodeSelector: |\n    {{ tpl .Values.x . }}\n  image: b/b:1\nc:\n  image: c/c:1\n  tolerations: |\n    - {key: arch, operator: Exists}\n"
    ).replace("\n", end)
    found = {pod.title.rpartition(".")[2]: pod for pod in opened(text, Kind.HELM_VALUES).parse(pods)}
    pod = found["the workload of a"]
    assert allowed(pod) == {"amd64"}
    assert not pod.schedulable
    value = next(each.values[0] for each in selector(pod.node))
    assert text[span(value).start : span(value).end] == "amd64"
    assert allowed(found["the workload of b"]) == EVERY
    assert not found["the workload of c"].schedulable
    assert opened("a:\n  image: c/c:1\n  nodeSelector: {x: y}\n", Kind.HELM_VALUES).parse(pods)[0].schedulable
