"""Objects -> pod specs: every place where a kind keeps one, the containers in it, and what may be scheduled where.

A `Pod` here is a mapping in which `nodeSelector`, `affinity` and `tolerations` count, with the images that run under it: the pod spec of
a Deployment, a template of an Argo workflow, the driver of a Spark application, or a block of Helm values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from armready.core.classify import Kind
from armready.core.file import File
from armready.kubernetes.documents import Resource, documents, resources, source_text
from armready.kubernetes.model import Image, Origin, Pod, Role, chains, is_schema
from armready.languages.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    get,
    items,
    key_of,
    pairs,
    text_of,
)

_TEMPLATE = ("spec", "template", "spec")
_CRON = ("spec", "jobTemplate", "spec", "template", "spec")
_RAY = (("headGroupSpec", "template", "spec"), ("workerGroupSpecs", "*", "template", "spec"))

# Kind -> the paths to its pod specs; `*` stands for every item or value.
POD_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Pod": (("spec",),),
    "PodTemplate": (("template", "spec"),),
    "Deployment": (_TEMPLATE,),
    "ReplicaSet": (_TEMPLATE,),
    "StatefulSet": (_TEMPLATE,),
    "DaemonSet": (_TEMPLATE,),
    "ReplicationController": (_TEMPLATE,),
    "Job": (_TEMPLATE,),
    "DeploymentConfig": (_TEMPLATE,),
    "Rollout": (_TEMPLATE,),
    "Service": (_TEMPLATE,),
    "Configuration": (_TEMPLATE,),
    "CronJob": (_CRON,),
    "JobSet": (("spec", "replicatedJobs", "*", "template", *_TEMPLATE),),
    "ScaledJob": (("spec", "jobTargetRef", "template", "spec"),),
    "TFJob": (("spec", "tfReplicaSpecs", "*", "template", "spec"),),
    "PyTorchJob": (("spec", "pytorchReplicaSpecs", "*", "template", "spec"),),
    "MPIJob": (("spec", "mpiReplicaSpecs", "*", "template", "spec"),),
    "XGBoostJob": (("spec", "xgbReplicaSpecs", "*", "template", "spec"),),
    "RayCluster": tuple(("spec", *path) for path in _RAY),
    "RayJob": tuple(("spec", "rayClusterSpec", *path) for path in _RAY),
    "RayService": tuple(("spec", "rayClusterConfig", *path) for path in _RAY),
    "Elasticsearch": (("spec", "nodeSets", "*", "podTemplate", "spec"),),
}

# The kinds whose schema is known well enough to say that a field stands in the wrong place.
STRICT_KINDS = frozenset(
    {"Pod", "PodTemplate", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "CronJob"}
)
IMMUTABLE_KINDS = frozenset({"Pod", "Job"})

_GROUPS = {"Service": "serving.knative.dev", "Configuration": "serving.knative.dev"}
_ARGO_KINDS = frozenset({"Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"})
_TEKTON_STEPS: tuple[tuple[str, ...], ...] = (
    ("spec",),
    ("spec", "taskSpec"),
    ("spec", "tasks", "*", "taskSpec"),
    ("spec", "pipelineSpec", "tasks", "*", "taskSpec"),
)
_TEKTON_KINDS = frozenset({"Task", "ClusterTask", "TaskRun", "PipelineRun", "Pipeline"})
# These have selectors of another meaning, or rules of their own.
_NOT_GENERIC = frozenset(
    {
        "CustomResourceDefinition",
        "RuntimeClass",
        "NodePool",
        "Provisioner",
        "EC2NodeClass",
        "AWSNodeTemplate",
        "PersistentVolume",
        "StorageClass",
    }
    | {
        "ClusterConfig",
        "ConfigMap",
        "Secret",
        "Kustomization",
        "HelmRelease",
        "Application",
        "ApplicationSet",
        "ResourceFlavor",
        "MachineSet",
    }
    | {"NodeFeatureRule", "Topology", "ClusterPodPlacementConfig", "PodPlacementConfig", "MachineDeployment", "ValidatingAdmissionPolicy"}
    | {"Policy", "ClusterPolicy", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "RoleBinding", "ClusterRoleBinding"}
)


def pods(file: File) -> tuple[Pod, ...]:
    """All pods of a file, in order."""
    if file.kind is Kind.HELM_VALUES:
        from armready.kubernetes.helm import value_pods

        return tuple(pod for root in file.parse(documents).roots for pod in value_pods(file, root, ()))
    return tuple(pod for resource in file.parse(resources) for pod in _pods(file, resource))


def _pods(file: File, resource: Resource) -> Iterator[Pod]:
    kind = resource.kind
    if kind in _ARGO_KINDS and "argoproj.io" in resource.api_version:
        yield from _argo(file, resource)
    elif kind in _TEKTON_KINDS and "tekton.dev" in resource.api_version:
        yield from _tekton(file, resource)
    elif kind in POD_PATHS and resource.group.startswith(_GROUPS.get(kind, "")):
        for path in POD_PATHS[kind]:
            for chain, node in chains(resource.node, path):
                yield _pod(file, resource, chain, node, strict=kind in STRICT_KINDS)
    elif kind in ("HelmRelease", "Application", "ApplicationSet"):
        from armready.kubernetes.helm import release_pods

        yield from release_pods(file, resource)
    elif kind not in _NOT_GENERIC:
        yield from _generic(file, resource)


def _pod(
    file: File,
    resource: Resource,
    chain: tuple[tuple[Node, Node], ...],
    node: MappingNode,
    *,
    strict: bool = False,
    schedulable: bool = True,
) -> Pod:
    found = tuple(_containers(node))
    images = tuple(image for role, container in found for image in _image_of(file, container, role))
    origin = Origin.TEMPLATE if file.parse(documents).templated else Origin.MANIFEST
    return Pod(
        resource=resource, node=node, chain=chain, images=images, containers=found, origin=origin, strict=strict, schedulable=schedulable
    )


_NOT_SEARCHED = frozenset({"status", "annotations", "labels", "containers", "initContainers", "ephemeralContainers"})
_CONTAINER_KEYS = (
    ("initContainers", Role.INIT),
    ("containers", Role.CONTAINER),
    ("ephemeralContainers", Role.EPHEMERAL),
    ("steps", Role.STEP),
    ("sidecars", Role.CONTAINER),
)


def _containers(node: Node) -> Iterator[tuple[Role, MappingNode]]:
    for key, role in _CONTAINER_KEYS:
        for item in items(get(node, key)):
            if isinstance(item, MappingNode):
                yield role, item
    for key in ("container", "script"):
        single = get(node, key)
        if isinstance(single, MappingNode):
            yield Role.CONTAINER, single


def _image_of(file: File, container: Node, role: Role) -> Iterator[Image]:
    node = get(container, "image")
    if isinstance(node, ScalarNode) and node.value:
        yield Image(source_text(file, node) or "", (("reference", node),), role, text_of(get(container, "name")) or "")


def _argo(file: File, resource: Resource) -> Iterator[Pod]:
    """A template's own selector replaces that of the workflow, so the workflow's scope holds the templates without one."""
    path = ("spec", "workflowSpec") if resource.kind == "CronWorkflow" else ("spec",)
    for chain, spec in chains(resource.node, path):
        shared: list[tuple[Role, MappingNode]] = []
        for inner, template in chains(spec, ("templates", "*")):
            pod = _pod(file, resource, (*chain, *inner), template)
            if any(get(template, key) is not None for key in ("nodeSelector", "affinity")):
                yield pod
            else:
                shared.extend(pod.containers)
        images = tuple(image for role, container in shared for image in _image_of(file, container, role))
        yield Pod(resource=resource, node=spec, chain=chain, images=images, containers=tuple(shared), origin=Origin.MANIFEST)


def _tekton(file: File, resource: Resource) -> Iterator[Pod]:
    for path in (("spec", "podTemplate"), ("spec", "taskRunTemplate", "podTemplate")):
        for chain, node in chains(resource.node, path):
            yield _pod(file, resource, chain, node)
    for steps_path in _TEKTON_STEPS:
        for chain, node in chains(resource.node, steps_path):
            if get(node, "steps") is not None:
                yield _pod(file, resource, chain, node, schedulable=False)


def _generic(file: File, resource: Resource) -> Iterator[Pod]:
    """Custom resources: a mapping with `containers:` is a pod spec, and so is what holds a node selector or a node affinity."""
    stack: list[tuple[tuple[tuple[Node, Node], ...], Node]] = [((), resource.node)]
    seen: set[int] = set()
    while stack:
        chain, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if not isinstance(node, MappingNode):
            stack.extend((chain, item) for item in reversed(items(node)))
            continue
        if is_pod_like(node):
            yield _operator_pod(file, resource, chain, node)
        elif _is_image(get(node, "image")) and not is_schema(node):
            yield replace(_operator_pod(file, resource, chain, node), schedulable=False)
        stack.extend(((*chain, (node, key)), value) for key, value in reversed(pairs(node)) if key_of(key) not in _NOT_SEARCHED)


def _is_image(node: Node | None) -> bool:
    value = text_of(node)
    return value is not None and "/" in value and "://" not in value and " " not in value


def is_pod_like(node: Node) -> bool:
    """Whether a mapping schedules or runs containers, by the fields it has."""
    if is_schema(node):
        return False
    if isinstance(get(node, "nodeSelector"), MappingNode) or get(node, "affinity", "nodeAffinity") is not None:
        return True
    return any(isinstance(item, MappingNode) and get(item, "image") is not None for item in items(get(node, "containers")))


def _operator_pod(file: File, resource: Resource, chain: tuple[tuple[Node, Node], ...], node: MappingNode) -> Pod:
    pod = _pod(file, resource, chain, node)
    beside = [get(node, "image"), get(node, "imageName")]
    if chain and key_of(chain[-1][1]) in ("affinity", "driver", "executor"):
        beside += [get(chain[-1][0], "imageName"), get(chain[-1][0], "image")]
    images = tuple(
        Image(source_text(file, each) or "", (("reference", each),), Role.CONTAINER)
        for each in beside
        if isinstance(each, ScalarNode) and each.value
    )
    return Pod(resource=resource, node=node, chain=chain, images=(*pod.images, *images), containers=pod.containers, origin=pod.origin)
