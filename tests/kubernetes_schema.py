#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes tests/kubernetes.schema.json: of the schemas that Kubernetes and the Prometheus operator
publish, the part that the manifests here use.  Anything else in a manifest is then an error until
this was run again.

usage: kubernetes_schema.py SCHEMAS CRD MANIFEST... >tests/kubernetes.schema.json
SCHEMAS  a folder *-local-strict of PyPI's kubernetes-validate
CRD      monitoring.coreos.com_servicemonitors.yaml of the operator's source
"""
import json
import os
import sys

import yaml

KEPT = ("type", "enum", "pattern", "minimum", "maximum", "minItems", "maxItems", "minLength")


class Library:
    """Schemas of both sources, by what an object says that it is."""

    def __init__(self, folder, crd):
        self.folder = folder
        with open(os.path.join(folder, "_definitions.json")) as f:
            self.definitions = json.load(f)["$defs"]
        with open(crd) as f:
            self.crd = yaml.safe_load(f)

    def of(self, thing):
        group, _, version = thing["apiVersion"].rpartition("/")
        if group == self.crd["spec"]["group"]:
            version = [v for v in self.crd["spec"]["versions"] if v["name"] == version][0]
            return version["schema"]["openAPIV3Schema"]
        name = "-".join(filter(None, (thing["kind"].lower(), group.split(".")[0], version)))
        with open(os.path.join(self.folder, name + ".json")) as f:
            return json.load(f)

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema


def kept(schema):
    """What it says of the value itself, without the null that only generators write."""
    out = {k: schema[k] for k in KEPT if k in schema}
    for key in ("type", "enum"):
        if isinstance(out.get(key), list):
            out[key] = [v for v in out[key] if v not in ("null", None)]
    return out


def merge(a, b):
    """What either of two uses of the same schema needs."""
    for key, value in b.items():
        if key in a and isinstance(value, dict) and isinstance(a[key], dict):
            merge(a[key], value)
        else:
            a[key] = value
    return a


def used(library, schema, value):
    schema = library.resolve(schema)
    out = kept(schema)
    for key in ("oneOf", "anyOf"):
        if key in schema:
            out[key] = [kept(library.resolve(s)) for s in schema[key]]
    if isinstance(value, dict) and schema.get("properties"):
        out["properties"] = {}
        for name, member in value.items():
            if name not in schema["properties"]:
                sys.exit("no such member: %s" % name)
            out["properties"][name] = used(library, schema["properties"][name], member)
        out["required"] = sorted(schema.get("required", []))
        out["additionalProperties"] = False
    elif isinstance(value, dict):
        rest = schema.get("additionalProperties")
        if isinstance(rest, dict):
            for member in value.values():
                out.setdefault("additionalProperties", {})
                merge(out["additionalProperties"], used(library, rest, member))
    elif isinstance(value, list):
        out["items"] = {}
        for member in value:
            merge(out["items"], used(library, schema["items"], member))
    return out


def main():
    library = Library(sys.argv[1], sys.argv[2])
    kinds = {}
    for path in sys.argv[3:]:
        with open(path) as f:
            for thing in yaml.safe_load_all(f):
                name = thing["apiVersion"] + " " + thing["kind"]
                merge(kinds.setdefault(name, {}), used(library, library.of(thing), thing))
    json.dump({
        "$comment": "Parts of the schemas of Kubernetes and of the Prometheus operator (both "
                    "Apache-2.0), cut out by tests/kubernetes_schema.py; do not edit",
        "kinds": kinds}, sys.stdout, indent=1, sort_keys=True)
    print()


main()
