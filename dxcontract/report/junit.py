"""Writes junit.xml: one case for each rule and operation, in a suite for each family of rules."""

import itertools
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

Document = Mapping[str, Any]


def xml(document: Document) -> bytes:
    """The result as JUnit XML: a violation is a failure (a known gap is skipped); an undecided rule is skipped."""
    root = ElementTree.Element("testsuites", name=f"Direct Connect contract: {document['target']}")
    rules = sorted(document["rules"].items(), key=lambda item: item[1]["subject"])
    for subject, group in itertools.groupby(rules, key=lambda item: str(item[1]["subject"])):
        suite = ElementTree.SubElement(root, "testsuite", name=subject)
        for name, rule in group:
            for operation, verdict in (rule["operations"] or {"": rule["verdict"]}).items():
                _case(suite, document, name, rule, operation, verdict)
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
        suite.set("errors", "0")
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _case(
    suite: ElementTree.Element, document: Document, name: str, rule: Mapping[str, Any], operation: str, verdict: str
) -> None:
    label = f"{name} [{operation}]" if operation else name
    case = ElementTree.SubElement(suite, "testcase", classname=f"dxcontract.{rule['subject']}", name=label, time="0")
    if verdict == "violates":
        found = [one for one in document["violations"] if one["rule"] == name and one["operation"] == operation]
        new = [one for one in found if not one["known"] and _fails(document, one["level"])]
        said = "\n".join(f"{one['fingerprint']}: {one['message']}" for one in (new or found))
        if new:
            failure = ElementTree.SubElement(case, "failure", type=rule["level"], message=_clean(said.splitlines()[0]))
            failure.text = _clean(f"{said}\n\n{rule['statement']}\n{'; '.join(rule['sources'])}")
        else:
            why = "known gap" if found and found[0]["known"] else f"level {rule['level']} does not fail the run"
            ElementTree.SubElement(case, "skipped", message=_clean(f"{why}: {said}"))
    elif verdict != "conforms":
        reason = rule["reasons"][0] if rule["reasons"] else verdict
        ElementTree.SubElement(case, "skipped", message=_clean(f"{verdict}: {reason}"))


def _fails(document: Document, level: str) -> bool:
    return level == "must" or (document["strict"] and level == "should")


def _clean(text: str) -> str:
    """`text` without the characters that XML 1.0 cannot hold."""
    return "".join(
        one if one in "\t\n" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" else "�" for one in text
    )
