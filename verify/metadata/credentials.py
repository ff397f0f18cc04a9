"""Content Credentials (C2PA 2.1), verified offline by the optional extra `credentials`."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from verify.errors import Refused
from verify.metadata.found import Metadata

ABSENT = "Content Credentials are verified by an optional part: install `image-evidence[credentials]`."
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WebP": "image/webp", "TIFF": "image/tiff", "GIF": "image/gif"}
TYPES |= {"HEIC": "image/heic", "AVIF": "image/avif"}
UNTRUSTED = "signingCredential.untrusted"
MAX_LIST = 4 * 2**20  # characters of a trust list
_MAX_ITEMS = 200
TRAINED = "trainedAlgorithmicMedia"


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A file that a manifest says it was made from; `failures` are codes recorded then, or found now."""

    title: str
    relationship: str
    manifest: str
    failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest of the store: who made the claim with what, and what was done."""

    label: str
    generator: str
    issuer: str
    signer: str
    signed: str  # time of the time stamp, ISO 8601, or ""
    actions: tuple[tuple[str, str, str], ...]  # action, digital source type, software agent
    ingredients: tuple[Ingredient, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the SDK found.

    `state` is "valid" or "invalid"; "unreadable" where it could not be parsed; "remote" where only an address is named,
    which is never fetched.
    """

    state: str
    trust: str  # "trusted", "untrusted", or "not assessed" where no list was named
    sdk: str
    failures: tuple[str, ...]  # codes of the active manifest and of ingredients, as found now, without trust
    active: str = ""
    manifests: tuple[Manifest, ...] = ()
    address: str = ""
    problem: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @property
    def broken(self) -> tuple[Ingredient, ...]:
        """Ingredients, of any manifest, that did not verify when they were taken in or do not now."""
        return tuple(i for manifest in self.manifests for i in manifest.ingredients if i.failures)

    @property
    def generated(self) -> tuple[Manifest, ...]:
        """Manifests that say they created the picture by a trained model."""
        return tuple(
            m for m in self.manifests if any(a == "c2pa.created" and s.endswith("/" + TRAINED) for a, s, _ in m.actions)
        )


def available() -> bool:
    """Whether the extra is installed."""
    return importlib.util.find_spec("c2pa") is not None


def present(found: Metadata) -> bool:
    """Whether the file holds a manifest store or names the address of one."""
    return bool(found.block("jumbf") or found.first("XMP-dcterms:Provenance"))


def verify(data: bytes, found: Metadata, trust_list: str = "") -> Credentials | None:
    """The credentials of a file's bytes, or None where it has none; `trust_list` is PEM text. The extra must be there.

    Nothing is fetched: neither remote manifests nor certificate status. Raises Refused on a bad trust list.
    """
    if not present(found) or found.format not in TYPES:
        return None
    import c2pa

    context = c2pa.Context(settings=c2pa.Settings.from_dict(_settings(trust_list)))
    address = found.text("XMP-dcterms:Provenance")
    try:
        with c2pa.Reader(TYPES[found.format], io.BytesIO(data), context=context) as reader:
            told = json.loads(reader.json())
            address = reader.get_remote_url() or address
    except c2pa.C2paError.ManifestNotFound:
        return Credentials("remote", "not assessed", c2pa.sdk_version(), (), address=address) if address else None
    except c2pa.C2paError as error:
        text = " ".join(str(error).split())[:200]
        state = "remote" if address and not found.block("jumbf") else "unreadable"
        return Credentials(state, "not assessed", c2pa.sdk_version(), (), address=address, problem=text)
    return _read(told, c2pa.sdk_version(), address, bool(trust_list))


def _settings(trust_list: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
    if trust_list:
        if "-----BEGIN CERTIFICATE-----" not in trust_list or len(trust_list) > MAX_LIST:
            raise Refused("the trust list is no PEM text; expected certificates between BEGIN and END lines")
        settings["trust"] = {"trust_anchors": trust_list}
    return settings


def _read(told: Mapping[str, Any], sdk: str, address: str, assessed: bool) -> Credentials:
    results = told.get("validation_results") or {}
    active = told.get("active_manifest") or ""
    found_now = list(_failures(results))
    failures = tuple(dict.fromkeys(code for _, code in found_now if code != UNTRUSTED))
    trusted = told.get("validation_state") == "Trusted"
    manifests = tuple(
        _manifest(label, manifest, [(at, code) for at, code in found_now if at != active])
        for label, manifest in list((told.get("manifests") or {}).items())[:_MAX_ITEMS]
    )
    return Credentials(
        state="invalid" if failures or told.get("validation_state") == "Invalid" else "valid",
        trust="not assessed" if not assessed else "trusted" if trusted else "untrusted",
        sdk=sdk,
        failures=failures,
        active=active,
        manifests=manifests,
        address=address,
    )


def _failures(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(manifest label, code) of each failure, of the active manifest and of all ingredients."""
    groups = [results.get("activeManifest") or {}]
    groups += [delta.get("validationDeltas") or {} for delta in (results.get("ingredientDeltas") or [])[:_MAX_ITEMS]]
    for group in groups:
        for failure in group.get("failure") or []:
            parts = str(failure.get("url") or "").partition("/c2pa/")[2].split("/")
            yield parts[0], str(failure.get("code"))


def _manifest(label: str, told: Mapping[str, Any], found_now: list[tuple[str, str]]) -> Manifest:
    signature = told.get("signature_info") or {}
    generator = told.get("claim_generator") or ", ".join(
        f"{info.get('name', '')} {info.get('version', '')}".strip() for info in told.get("claim_generator_info") or []
    )
    actions: list[tuple[str, str, str]] = []
    for assertion in told.get("assertions") or []:
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in (assertion.get("data") or {}).get("actions") or []:
                agent = action.get("softwareAgent") or ""
                name = agent.get("name", "") if isinstance(agent, dict) else str(agent)
                actions.append((str(action.get("action", "")), str(action.get("digitalSourceType") or ""), str(name)))
    return Manifest(
        label=label,
        generator=str(generator),
        issuer=str(signature.get("issuer") or ""),
        signer=str(signature.get("common_name") or ""),
        signed=str(signature.get("time") or ""),
        actions=tuple(actions[:_MAX_ITEMS]),
        ingredients=tuple(_ingredient(i, found_now) for i in (told.get("ingredients") or [])[:_MAX_ITEMS]),
    )


def _ingredient(told: Mapping[str, Any], found_now: list[tuple[str, str]]) -> Ingredient:
    label = str(told.get("active_manifest") or "")
    recorded = [str(status.get("code")) for status in told.get("validation_status") or []]
    recorded += [code for _, code in _failures(told.get("validation_results") or {})]
    now = [code for at, code in found_now if label and at == label]
    failures = tuple(dict.fromkeys(code for code in [*recorded, *now] if code != UNTRUSTED))
    return Ingredient(str(told.get("title") or ""), str(told.get("relationship") or ""), label, failures)
