"""Kubernetes manifests that land on the right nodes (`KUB`)."""

from armready.core.classify import KUBERNETES_KINDS, Kind

KINDS = KUBERNETES_KINDS | {Kind.KUSTOMIZATION, Kind.HELM_CHART, Kind.HELM_VALUES, Kind.HELM_TEMPLATE, Kind.CLOUDFORMATION}
