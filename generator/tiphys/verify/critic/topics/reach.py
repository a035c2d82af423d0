"""What nobody asked for: effects that widen reach or rights."""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, undecided
from tiphys.verify.critic.topics.exposure import openings
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import (
    Obj,
    World,
    at,
    dig,
    many,
    name_of,
    table,
    text,
)

_OPEN = re.compile(
    r"\b(?:ingress|publish\w*|expos\w*|public\w*|internet|outside|external\w*|load\s?balancer|node\s?port|host\s?port|host\s?network|url|domain|"
    r"https?|tls|route[sd]?|browser|visitors?|website|web\s?site|customers|gateway|hostname|host|öffentlich|extern\w*|reach(?:able)?\s+(?:at|under|from))\b|\b[a-z0-9-]+\.(?:example|com|org|net|io|dev|test)\b",
    re.IGNORECASE,
)
_HARD = re.compile(
    r"\b(?:public\w*|internet|outside|external\w*|load\s?balanc\w+|lb|node\s?port|host\s?port|host\s?network|host|"
    r"expos\w*|öffentlich|extern\w*|world|customers|visitors?|browser)\b",
    re.IGNORECASE,
)
_IMAGE = re.compile(r"(?<![\w.-])[\w.-]{1,100}(?:/[\w.-]{1,100}){1,8}(?:[:@][\w.:-]{1,100})?")
_RIGHTS = re.compile(
    r"\b(?:roles?|rbac|role\s?bindings?|cluster\s?roles?|permissions?|rights?|access|allow\w*|may|can|able|read\w*|list|watch|view\w*|service\s?account|"
    r"privileges?|admin\w*|manage[sd]?|operator|controller|authori[sz]\w+|look\s+at|see|discover\w*|berechtig\w+)\b",
    re.IGNORECASE,
)
_WIDE = re.compile(
    r"\b(?:cluster[- ]?wide|all\s+namespaces|every\s+namespace|cluster\s?roles?|cluster-?admin\w*|whole\s+cluster|across\s+namespaces|full\s+access|everything|administrator)\b",
    re.I,
)
_HOST = re.compile(
    r"\b(?:host\s?path|host\s?network|host\s?pid|host\s?ipc|host|hosts|nodes?|machines?|/var|/proc|/sys|/etc|/run|/dev|docker\.sock|containerd)\b",
    re.I,
)
_ROOT = re.compile(
    r"\broot\b(?!\s*(?:file|fs|ist|is|path|dir))|\b(?:uid|user(?:\s?id)?)\s*[:=]?\s*0(?![\w.])",
    re.IGNORECASE,
)
_WRITES = frozenset(
    {
        "*",
        "create",
        "update",
        "patch",
        "delete",
        "deletecollection",
        "escalate",
        "bind",
        "impersonate",
    }
)
_WRITE_WORDS = re.compile(
    r"\b(?:write|create|update|patch|delete|modify|edit|change|manage|restart|scale|deploy|evict|full|admin\w*|escalate|bind|impersonate|everything|rollout|remove)\b",
    re.I,
)
_NAMESPACE = re.compile(
    r"\bnamespaces?\b|\bteam\b|\benvironment\b|\btenant\b|\bnamensraum\b", re.IGNORECASE
)
_OWN_TYPE = re.compile(
    r"\b(?:own\s+(?:type|kind|resource)|custom\s+(?:type|kind|resource)|crds?)\b", re.IGNORECASE
)
_VOLUME = re.compile(r"\bpvs?\b", re.IGNORECASE)
_HOOK = re.compile(r"(?<!stop\s)(?<!start\s)\bhooks?\b|\badmission\s?reviews?\b", re.IGNORECASE)
_TYPE_WORD = re.compile(r"\b(?:resources?|kinds?|types?|schemas?|stored|served)\b", re.IGNORECASE)
_MACHINE = r"(?:host(?:'s|s')?|(?:node|machine)(?:'s|s'))\s+(?:own\s+)?"
_ITS = r"\s+of\s+(?:the|its|each|every)\s+(?:node|host|machine)\b"
_OF_HOST = {
    "hostNetwork": rf"host\s?-?network|{_MACHINE}network|\bnetwork{_ITS}",
    "hostPID": rf"host\s?-?pid|{_MACHINE}(?:process\w*|pids?\b)|\b(?:process\w*|pids?){_ITS}",
    "hostIPC": rf"host\s?-?ipc|{_MACHINE}(?:ipc|shared\s+memory|semaphores?)\b",
}
_WHOLE_DISK = re.compile(
    r"\b(?:whole|entire|complete|root)\s+(?:(?:node|host|machine)(?:'s)?\s+(?:disk|drive|file\s?system)\b"
    r"|(?:disk|drive|file\s?system)\s+of\s+(?:the|its|each|every)\s+(?:node|host|machine)\b)"
    r"|\b(?:node|host|machine)'s\s+(?:whole|entire|complete|root)\s+(?:disk|drive|file\s?system)\b",
    re.IGNORECASE,
)
# "apps reach it on the node that they are on"
_ON_NODE = re.compile(
    r"\b(?:reach\w*|connect\w*|call\w*|talk\w*|send\w*|listen\w*|ports?)\b[^.;]{0,40}\b(?:on|at|of|via|through)\s+"
    r"(?:the|its|their|every|each|that|any)\s+(?:own\s+|same\s+)?(?:node|machine)(?:'s|s')?\b",
    re.IGNORECASE,
)
_KINDS_WITH_REACH = (
    "CustomResourceDefinition", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
    "APIService", "PersistentVolume", "ClusterRoleBinding",
)  # fmt: skip


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Contradicted where it widens exposure or rights, else a note."""
    plain = _IMAGE.sub(" ", words.raw)
    for field in openings(world):
        hard = field.value in ("LoadBalancer", "NodePort") or "host" in field.path
        said = str(field.value) in plain
        if field.path.endswith("hostPort") and said and _ON_NODE.search(plain):
            continue
        if not (_HARD if hard else _OPEN).search(plain):
            yield _unasked("exposure", field)
    yield from _rights(words, world)
    yield from _power(words, world)
    if not words.has(_NAMESPACE):
        for obj in world.kinds("Namespace"):
            yield _unasked("namespace", Field(at(obj, "metadata.name"), name_of(obj)))
    for obj in world.kinds(*_KINDS_WITH_REACH):
        kind = text(obj, "kind").removesuffix("Configuration")
        if re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower() not in words.raw.lower() and (
            kind.lower() not in words.raw.lower()
            and not words.has(_WIDE)
            and not words.has(_OWN_TYPE)
            and not _paraphrased(words, obj)
        ):
            yield _unasked("kind", Field(at(obj, "kind"), text(obj, "kind")))
    yield from _policies(words, world)
    yield from _strangers(words, world)


def _paraphrased(words: Words, obj: Obj) -> bool:
    """Whether an object is spoken of by other words than its kind's."""
    kind, name = text(obj, "kind"), re.escape(name_of(obj)[:253])
    if kind == "PersistentVolume":
        named = re.compile(rf"\bvolume\s+(?:called\s+|named\s+)?[`'\"]?{name}(?![\w-])", re.I)
        return words.has(_VOLUME) or words.has(named)
    if kind == "CustomResourceDefinition":
        own = text(obj, "spec", "names", "kind")[:253]
        said = own and words.has(re.compile(rf"\b{re.escape(own)}\b"))
        return bool(said) and words.has(_TYPE_WORD)
    return kind.endswith("WebhookConfiguration") and words.has(_HOOK)


def _unasked(what: str, field: Field) -> Remark:
    return contradicted(Requirement("unasked", what, ""), field)


def _rights(words: Words, world: World) -> Iterator[Remark]:
    grants = world.kinds("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    asked = words.has(_RIGHTS)
    for obj in grants:
        if not asked:
            yield _unasked("rights", Field(at(obj, "kind"), text(obj, "kind")))
            continue
        role = text(obj, "roleRef", "name")
        if role in ("cluster-admin", "admin", "edit") and not re.search(
            rf"\b{role}\b|administrator|full access", words.raw, re.I
        ):
            yield _unasked("rights", Field(at(obj, "roleRef.name"), role))
        for i, entry in enumerate(many(obj, "rules")):
            verbs = [v for v in many(entry, "verbs") if isinstance(v, str)]
            resources = [r for r in many(entry, "resources") if isinstance(r, str)]
            # To open a shell is to create: which of these are asked for is looked at elsewhere.
            opened = {"create"} if resources and all("/" in r for r in resources) else set()
            extra = sorted((_WRITES - opened) & set(verbs))
            if extra and not words.has(_WRITE_WORDS):
                yield _unasked("rights", Field(at(obj, f"rules[{i}].verbs"), ", ".join(extra)))
            for key in ("resources", "apiGroups"):
                if "*" in many(entry, key) and not words.has(_WIDE):
                    yield _unasked("rights", Field(at(obj, f"rules[{i}].{key}"), "*"))
            if "secrets" in resources and not re.search(r"secret", words.raw, re.I):
                yield _unasked("rights", Field(at(obj, f"rules[{i}].resources"), "secrets"))
        if (
            text(obj, "kind").startswith("Cluster")
            and not words.has(_WIDE)
            and _NAMESPACE.search(words.raw)
        ):
            yield _unasked("rights", Field(at(obj, "kind"), text(obj, "kind")))


def _power(words: Words, world: World) -> Iterator[Remark]:  # noqa: C901, PLR0912  # one case after the other
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        said = re.search(_OF_HOST[key], words.raw, re.IGNORECASE)
        for field in world.pod_fields(key):
            if field.value is True and not said:
                yield _unasked("host", field)
    for field in world.pod_fields("volumes"):
        for i, volume in enumerate(field.value if isinstance(field.value, list) else ()):
            path = dig(volume, "hostPath", "path")
            if (
                path is not None
                and not _path_said(words, str(path))
                and not (words.has(_HOST) and str(path).startswith("/var/log"))
            ):
                yield _unasked("host", Field(f"{field.path}[{i}].hostPath.path", path))
    for container in world.containers:
        context = table(container.spec, "securityContext")
        for key in ("privileged", "allowPrivilegeEscalation"):
            if context.get(key) is True and not _granted(words, key):
                yield _unasked("rights", Field(f"{container.path}.securityContext.{key}", True))
        added = [
            str(c) for c in many(context, "capabilities", "add") if str(c) != "NET_BIND_SERVICE"
        ]
        added = [c for c in added if c.lower() not in words.raw.lower()]
        if added:
            yield _unasked(
                "rights",
                Field(f"{container.path}.securityContext.capabilities.add", ", ".join(added)),
            )
        if context.get("runAsUser") == 0 and not _as_root(words):
            yield _unasked("rights", Field(f"{container.path}.securityContext.runAsUser", 0))
    for field in world.pod_fields("securityContext", "runAsUser"):
        if field.value == 0 and not _as_root(words):
            yield _unasked("rights", field)


def _path_said(words: Words, path: str) -> bool:
    if path == "/" and words.has(_WHOLE_DISK):
        return True
    return re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w/-])", words.raw) is not None


def _as_root(words: Words) -> bool:
    return any(not words.negated(m.start()) for m in words.find(_ROOT))


def _granted(words: Words, key: str) -> bool:
    """Whether somebody asks for it, and not against it."""
    said = (
        r"\bprivileged\b"
        if key == "privileged"
        else r"allow\w*\s+(?:privilege\s+)?escalat\w+|privileged\b"
    )
    return any(not words.negated(m.start()) for m in words.find(re.compile(said, re.IGNORECASE)))


def _policies(words: Words, world: World) -> Iterator[Remark]:  # noqa: C901  # one case after the other
    """A policy that lets everybody in, where only some were to come in."""
    if not re.search(
        r"\b(?:only|just|deny|block\w*|isolat\w+|nobody|restrict\w*|nothing|from)\b",
        words.raw,
        re.I,
    ):
        return
    for obj in world.kinds("NetworkPolicy"):
        for way, side in (("ingress", "from"), ("egress", "to")):
            if way == "egress" and not re.search(
                r"egress|outgoing|leave|reach|out\b", words.raw, re.I
            ):
                continue
            for i, entry in enumerate(many(obj, "spec", way)):
                peers = many(entry, side)
                shapes = {frozenset(p) for p in peers if isinstance(p, dict)}
                loose = {frozenset({"namespaceSelector"}), frozenset({"podSelector"})} <= shapes
                if loose and not re.search(
                    r"\bor\b|\bas well\b|\balso\b|\bplus\b|\band\s+any\b", words.raw, re.I
                ):
                    place = at(obj, f"spec.{way}[{i}].{side}")
                    yield _unasked(
                        "exposure", Field(place, "either the pods or the namespace, not both")
                    )
                if not peers and not (way == "egress" and many(entry, "ports")):  # noqa: SIM102  # two thoughts
                    if not re.search(
                        r"any(?:where|body|one)|everyone|everybody|all\s+(?:pods|clients|traffic)",
                        words.raw,
                        re.I,
                    ):
                        yield _unasked(
                            "exposure", Field(at(obj, f"spec.{way}[{i}].{side}"), "everybody")
                        )
                for j, peer in enumerate(peers):
                    block = text(peer, "ipBlock", "cidr")
                    if block in ("0.0.0.0/0", "::/0") and not words.has(_OPEN):
                        yield _unasked(
                            "exposure",
                            Field(at(obj, f"spec.{way}[{i}].{side}[{j}].ipBlock.cidr"), block),
                        )
                    if dig(peer, "namespaceSelector") == {} and not re.search(
                        r"namespaces", words.raw, re.I
                    ):
                        yield _unasked(
                            "exposure",
                            Field(at(obj, f"spec.{way}[{i}].{side}[{j}].namespaceSelector"), "all"),
                        )


def _strangers(words: Words, world: World) -> Iterator[Remark]:
    """Workloads and Secrets that no word points to: for a person to look at."""
    known = [o for o in world.workloads if _spoken(name_of(o), words.raw)]
    for obj in world.workloads:
        if known and obj not in known:
            yield undecided(
                Requirement("unasked", "workload", ""), f"{at(obj, 'kind')}: nobody named it"
            )
    if not re.search(r"secret|credential|password|token", words.raw, re.I):
        for obj in world.kinds("Secret"):
            yield undecided(
                Requirement("unasked", "secret", ""), f"{at(obj, 'kind')}: nobody named it"
            )


def _spoken(name: str, raw: str) -> bool:
    return bool(name) and re.sub(r"[-_.]", " ", name).lower() in re.sub(r"[-_.]", " ", raw).lower()
