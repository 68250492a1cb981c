"""Addresses of the sources of the contract, and the evidence for a rule: counts, text, links.

`specs/sources.json` states the kind of each source and the format of addresses in it.
"""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dxcontract.spec import model as specs
from dxcontract.spec.model import Citation, Json, Rule, Spec

OBSERVING: Final = ("recording", "issue", "acceptance-test")
"""Kinds of sources that show what AWS itself answered."""
_NAMES: Final = {
    "recording": ("recording of AWS traffic", "recordings of AWS traffic"),
    "issue": ("public issue that quotes AWS", "public issues that quote AWS"),
    "acceptance-test": ("acceptance test that passes against AWS", "acceptance tests that pass against AWS"),
    "document": ("document of AWS", "documents of AWS"),
    "model": ("model: botocore's", "models: botocore's, of two times"),
    "client": ("source file of clients that run against AWS", "source files of clients that run against AWS"),
    "standard": ("standard of the protocol", "standards of the protocol"),
}
_BOTOCORE: Final = "botocore"
_TOP: Final = re.compile(r' {4}"(\w+)":\{')
_MEMBER: Final = re.compile(r' {8}"(\w+)":')


@dataclass(frozen=True)
class Foundation:
    """The evidence for a rule: its sources by kind, each page or file once, and whether it was observed on AWS."""

    counts: Mapping[str, int]
    observed: bool
    note: str

    @property
    def words(self) -> str:
        """The evidence in sentences."""
        seen = _listed(self.counts, OBSERVING)
        told = _listed(self.counts, [kind for kind in _NAMES if kind not in OBSERVING])
        if self.observed:
            said = f"Seen on AWS: {seen}." + (f" Also: {told}." if told else "")
        else:
            said = f"Not seen on AWS itself; it rests on {told or 'nothing else'}."
            said += f" Of what is near to it there is: {seen}." if seen else ""
        return f"{said} {self.note}".strip()


def foundation(spec: Spec, rule: Rule) -> Foundation:
    """The evidence for a rule, counted from the sources that it cites."""
    places = {(kind_of(spec, one), address(spec, one).partition("#")[0]) for one in rule.sources}
    counts = Counter(kind for kind, _ in places)
    ordered = {kind: counts[kind] for kind in _NAMES if kind in counts}
    return Foundation(ordered, rule.evidence == "observed", rule.note)


def _listed(counts: Mapping[str, int], kinds: Iterable[str]) -> str:
    parts = [f"{counts[kind]} {_NAMES[kind][counts[kind] > 1]}" for kind in kinds if kind in counts]
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def weak(spec: Spec) -> list[Rule]:
    """Rules of level must that were not observed on AWS."""
    return [rule for rule in spec.rules.values() if rule.level == "must" and not foundation(spec, rule).observed]


def kind_of(spec: Spec, citation: Citation) -> str:
    """The kind of source of a citation."""
    return str(spec.sources[citation.source]["kind"])


def address(spec: Spec, citation: Citation) -> str:
    """The URL of the cited place, or of the whole source."""
    source, at = spec.sources[citation.source], citation.at
    if (known := source.get("places", {}).get(at)) is not None:
        return str(known if known.startswith("https://") else f"{source['url']}{known}")
    if "place" not in source:
        return str(source["url"])
    folder, _, number = at.partition("#")
    folder, _, repository = folder.partition("/")
    parts = {"at": at, "page": at.removesuffix(".md"), "folder": folder, "repository": repository, "number": number}
    return str(source["place"]).format_map({name: quote(part) for name, part in parts.items()})


def botocore_lines(text: str, cited: Iterable[str]) -> dict[str, str]:
    """The lines of the cited shapes, members and operations in the text of botocore's model, as `#L12`."""
    lines: dict[str, int] = {}
    top = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TOP.match(line):
            top = found[1]
            lines.setdefault(top, number)
        elif found := _MEMBER.match(line):
            lines.setdefault(f"{top}.{found[1]}", number)
    return {at: f"#L{lines[at]}" for at in sorted(cited) if at in lines}


def write_botocore_lines(root: Path) -> None:
    """Update the line numbers in `specs/sources.json` for the installed botocore."""
    import botocore

    path = root / "sources.json"
    document = specs.read(path)
    source = document["sources"][_BOTOCORE]
    source["url"] = source["url"].replace(f"/{source['version']}/", f"/{botocore.__version__}/")
    source["version"] = botocore.__version__
    source["places"] = botocore_lines(botocore_model(), cited(root, _BOTOCORE))
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def botocore_model() -> str:
    """The text of the model in the installed botocore."""
    import botocore

    folder = Path(botocore.__file__).parent / "data" / "directconnect" / "2012-10-25"
    return gzip.decompress((folder / "service-2.json.gz").read_bytes()).decode()


def cited(root: Path, source: str) -> set[str]:
    """All places of a source that `specs/` cites."""
    found: set[str] = set()
    for path in root.rglob("*.json"):
        _cited(json.loads(path.read_text(encoding="utf-8")), source, found)
    return found


def _cited(value: object, source: str, found: set[str]) -> None:
    if isinstance(value, dict):
        if value.keys() == {"source", "at"} and value["source"] == source:
            found.add(value["at"])
        for inner in value.values():
            _cited(inner, source, found)
    elif isinstance(value, list):
        for inner in value:
            _cited(inner, source, found)


def rule_entry(spec: Spec, rule: Rule) -> Json:
    """The evidence for a rule in report.json."""
    found = foundation(spec, rule)
    return {
        "counts": dict(found.counts),
        "observed": found.observed,
        "words": found.words,
        "links": [address(spec, one) for one in rule.sources],
    }
