# SPDX-License-Identifier: BSD-3-Clause
"""Ports that nobody closes."""


def opened(config):
    """A port is closed until its groups open it: cases that are not about that mean open ones.

    Who says anything about security groups, in the document or at a port, is left alone.
    """
    ports = config.get("ports") or []
    silent = [port for port in ports if not port.keys() & {"security-groups", "port-security"}]
    if "security-groups" in config or not silent:
        return config
    ports = [{**port, "security-groups": ["open"]} if port in silent else port for port in ports]
    return {**config, "security-groups": [{"name": "open", "rules": [{"direction": "ingress"}]}],
            "ports": ports}
