"""Kubernetes: objects, pod specs, where pods may run, and what runs in them."""
