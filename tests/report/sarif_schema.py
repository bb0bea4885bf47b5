"""The part of SARIF 2.1.0 that we write, as a strict JSON Schema: nothing may be there that is not named.

Property names, types, enumerations and minima follow the OASIS schema; what this part leaves out, we
never write.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string", "minLength": 1}
INDEX = {"type": "integer", "minimum": 0}


def obj(required: str, /, **properties: Any) -> dict[str, Any]:
    """A closed object; ``required`` names fields, separated by blanks."""
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def many(of: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": of, **more}


def one(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


BAG = {"type": "object", "properties": {"tags": many(TEXT, uniqueItems=True, maxItems=20)}}
MESSAGE = obj("text", text=TEXT)
MULTI = obj("text", text=TEXT, markdown=TEXT)
LEVEL = one("none", "note", "warning", "error")
URI = {
    "type": "string",
    "minLength": 1,
    "format": "uri-reference",
    "pattern": r"^[A-Za-z0-9._~!$&'()*+,;=:@%/-]+$",
}
REGION = obj(
    "startLine",
    startLine={"type": "integer", "minimum": 1},
    startColumn={"type": "integer", "minimum": 1},
    endColumn={"type": "integer", "minimum": 1},
    snippet=obj("text", text={"type": "string"}),
)
LOCATION = obj(
    "physicalLocation",
    id=INDEX,
    physicalLocation=obj(
        "artifactLocation region", artifactLocation=obj("uri index", uri=URI, index=INDEX), region=REGION
    ),
    logicalLocations=many(
        obj(
            "fullyQualifiedName",
            fullyQualifiedName=TEXT,
            decoratedName=TEXT,
            kind=one("function", "type", "member"),
        )
    ),
    message=MESSAGE,
)
TAXON = obj("id toolComponent", id=TEXT, toolComponent=obj("name", name=TEXT))
RULE = obj(
    "id",
    id=TEXT,
    name=TEXT,
    shortDescription=MULTI,
    fullDescription=MULTI,
    help=MULTI,
    defaultConfiguration=obj("level", level=LEVEL),
    relationships=many(obj("target kinds", target=TAXON, kinds=many(TEXT))),
    properties=BAG,
)
RESULT = obj(
    "ruleId ruleIndex kind level message locations partialFingerprints",
    ruleId=TEXT,
    ruleIndex=INDEX,
    kind=one("notApplicable", "pass", "fail", "review", "open", "informational"),
    level=LEVEL,
    message=MESSAGE,
    locations=many(LOCATION, minItems=1, maxItems=1),
    relatedLocations=many(LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
    taxa=many(TAXON, uniqueItems=True),
    codeFlows=many(
        obj(
            "threadFlows",
            threadFlows=many(obj("locations", locations=many(obj("location", location=LOCATION)))),
        )
    ),
    stacks=many(obj("frames", message=MESSAGE, frames=many(obj("location", location=LOCATION)))),
    baselineState=one("new", "unchanged", "updated", "absent"),
    suppressions=many(
        obj("kind", kind=one("inSource", "external"), status=one("accepted"), justification=TEXT), minItems=1
    ),
    properties=BAG,
)
RUN = obj(
    "tool results artifacts columnKind",
    tool=obj(
        "driver",
        driver=obj(
            "name rules",
            name=TEXT,
            version=TEXT,
            rules=many(RULE, uniqueItems=True),
            notifications=many(obj("id", id=TEXT, shortDescription=MULTI)),
            supportedTaxonomies=many(obj("name", name=TEXT)),
        ),
    ),
    automationDetails=obj("id", id=TEXT),
    language={"type": "string", "pattern": "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$"},
    columnKind=one("utf16CodeUnits", "unicodeCodePoints"),
    artifacts=many(
        obj(
            "location",
            location=obj("uri", uri=URI),
            parentIndex=INDEX,
            length=INDEX,
            hashes={"type": "object", "additionalProperties": {"type": "string"}},
            encoding=TEXT,
        ),
        minItems=1,
    ),
    results=many(RESULT, maxItems=25_000),
    taxonomies=many(
        obj(
            "name taxa",
            name=TEXT,
            fullName=TEXT,
            releaseDateUtc={"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
            taxa=many(obj("id", id=TEXT, shortDescription=MULTI)),
        )
    ),
    invocations=many(
        obj(
            "executionSuccessful",
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=many(
                obj("message", level=LEVEL, message=MESSAGE, descriptor=obj("id index", id=TEXT, index=INDEX))
            ),
        )
    ),
    properties=BAG,
)
LOG = obj("version runs", **{"$schema": URI, "version": {"const": "2.1.0"}, "runs": many(RUN, minItems=1)})
