# SPDX-License-Identifier: BSD-3-Clause
"""Configuration files that the tree ships, and the schema that describes them."""
import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from tree import ROOT, WEFT, sources, text

FILES = [path for path in sources(".yaml", under=("config/", "examples/"))]


def test_there_are_examples():
    folders = {path.parts[1] for path in FILES if path.parts[0] == "examples"}
    assert len(folders) >= 4
    for folder in folders:
        assert (ROOT / "examples" / folder / "README.rst").exists(), folder


@pytest.mark.parametrize("path", FILES, ids=str)
def test_it_loads(programs, path):
    run = subprocess.run([WEFT, "--check", path], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{path}: ok\n"


def test_the_schema_is_the_programs_own(programs):
    said = subprocess.run([WEFT, "--schema", "json"], capture_output=True, text=True, check=True)
    assert text(Path("config/weft.schema.json")) == said.stdout, \
        "run: weft --schema json > config/weft.schema.json"


@pytest.fixture(scope="module")
def schema():
    schema = json.loads(text(Path("config/weft.schema.json")))
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return validator(schema)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_it_is_valid_by_the_schema(schema, path):
    errors = [f"{list(error.path)}: {error.message}"
              for error in schema.iter_errors(yaml.safe_load(text(path)))]
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize("document", [
    {"load-balancers": []},
    {"routers": [{"name": "a", "floating-ips": [{"port": "p"}]}]},
    {"routers": [{"name": "a", "port-forwardings": [{"protocol": "icmp"}]}]},
    {"routers": [{"name": "a", "firewall": [{"direction": "in"}]}]},
    {"routers": [{"name": "a", "nat": {"udp-timeout": 119}}]},
    {"routers": [{"name": "a", "gateway": {"network": "n"}}]},
    {"networks": [{"name": "a"}]},
    {"networks": [{"name": "a", "type": "vxlan"}]},
    {"networks": [{"name": "a", "type": "vlan", "segment": 4095, "physical-network": "p"}]},
    {"ports": [{"name": "a", "network": "n"}]},
    {"ports": [{"name": "a", "network": "n", "vhost-user": "/a", "device": "net_null0"}]},
    {"host": {"polling": "lazy"}},
], ids=json.dumps)
def test_the_schema_refuses_what_the_program_refuses(programs, schema, document, tmp_path):
    file = tmp_path / "weft.yaml"
    file.write_text(yaml.safe_dump(document))
    assert subprocess.run([WEFT, "--check", file], capture_output=True).returncode == 1
    assert list(schema.iter_errors(document))


def test_the_commented_file_is_right_when_uncommented(programs, tmp_path):
    """config/weft.yaml shows further keys behind `#`: each of them is one that exists."""
    lines = text(Path("config/weft.yaml")).splitlines()
    file = tmp_path / "weft.yaml"
    file.write_text("\n".join(re.sub(r"^( *)# ", r"\1", line) if line.startswith("  ") else line
                              for line in lines) + "\n")
    run = subprocess.run([WEFT, "--check", file], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_commented_file_names_every_key():
    schema = json.loads(text(Path("config/weft.schema.json")))
    keys = set()

    def collect(node):
        if isinstance(node, dict):
            if isinstance(node.get("properties"), dict):
                keys.update(node["properties"])
            for child in node.values():
                collect(child)
        elif isinstance(node, list):
            for child in node:
                collect(child)

    collect(schema)
    page = text(Path("config/weft.yaml"))
    missing = sorted(key for key in keys if not re.search(rf"\b{key}:", page))
    assert not missing


def test_the_unit_names_what_is_installed():
    unit = text(Path("config/weft.service"))
    for line in ("ExecStartPre=/usr/local/bin/weft --check /etc/weft/weft.yaml",
                 "RuntimeDirectoryPreserve=yes"):
        assert line in unit
