"""What the words of a request make of a network policy: its peers, and their ports."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from tiphys.ports import Object
from tiphys.propose.author.fields import items, map_at, value_at
from tiphys.propose.author.sentences import LABELLED, sentences, stated_labels

PORT_LIKE = re.compile(r"(?<![\w./])\d{2,5}(?![\w/%]|\.\d)")
_PORT = re.compile(r"\bport\s+(\d{2,5})\b", re.IGNORECASE)
_EVERY_POD = re.compile(
    r"\b(?:every|all|any|each)(?:\s+(?:of\s+)?(?:the|its))?\s+pods?\b|\bwhole\s+namespace"
    r"|\b(?:default|all)[\s-]den(?:y|ies)|\bden(?:y|ies)[\s-]all\b",
    re.IGNORECASE,
)
_SAME_NAMESPACE = re.compile(r"\bsame\s+namespace\b", re.IGNORECASE)
_LABEL = r"[\"'`]?([a-z][\w./-]*)=([\w.-]*\w)"
_NAMESPACE_LABEL = re.compile(rf"\bnamespaces?\s+(?:(?:{LABELLED}|is)\s+)*{_LABEL}", re.IGNORECASE)
_PODS_LABEL = re.compile(rf"\bpods?\b(?:(?!\bnamespaces?\b)[^.;,\n=]){{0,40}}?{_LABEL}", re.I)
# Pods with a label, in namespaces with one.
_PODS_THERE = re.compile(
    rf"\bpods?\b[^.;\n=]*?{_LABEL}(?:(?!\bpods?\b)[^.;,\n=])*?{_NAMESPACE_LABEL.pattern}",
    re.IGNORECASE,
)
_STAYS = (
    r"[^.;,]{0,50}?\b(?:stays?|as\s+(?:before|it\s+is|they\s+are)|unchanged|untouched|go(?:es)?\s+on|still"
    r"|keeps?|remains?|unaffected|bleib\w*)\b"
)
_OUT = r"\b(?:(?:send|call|go)\w*\s+out|outgoing|outbound|egress|selbst\s+aufrufen)\b"
_IN = r"\b(?:incoming|inbound|ingress|being\s+reached)\b"
_LEFT = r"\bleave[^.;,]{0,30}?"
_ALONE = r"[^.;,]{0,20}?\balone\b"
_OUT_STAYS = re.compile(rf"{_OUT}{_STAYS}|{_LEFT}{_OUT}{_ALONE}", re.IGNORECASE)
_IN_STAYS = re.compile(rf"{_IN}{_STAYS}|{_LEFT}{_IN}{_ALONE}", re.IGNORECASE)
_WAYS = (("Ingress", re.compile(_IN, re.IGNORECASE)), ("Egress", re.compile(_OUT, re.IGNORECASE)))
_SHUT = re.compile(
    r"\b(?:none|no|nothing|den(?:y|ied)|block\w*|forbid\w*|cut\s+off)\b", re.IGNORECASE
)
_OPEN = re.compile(
    rf"^.{_STAYS}|\bnot\s+(?:a\s+matter|touched|concerned|affected)|\balone\b|\bnone\s+of\s+its\b",
    re.IGNORECASE | re.DOTALL,
)
_REACH = r"\b(?:reach|access|connect|talk|speak|call|contact|query|hit)"
_ACTIVE = re.compile(
    rf"{_LABEL}[^.;=]{{0,60}}?{_REACH}(?:e?s|ing)?\b(?!\w*\s+(?:only\s+)?(?:by|from))[^.;=]{{0,60}}?{_LABEL}",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    rf"{_LABEL}[^.;=]{{0,60}}?{_REACH}\w*\s+(?:only\s+)?(?:by|from)\b[^.;=]{{0,60}}?{_LABEL}",
    re.IGNORECASE,
)
_TO_PODS = re.compile(
    rf"\b(?:ingress|incoming|inbound|traffic|access|connections?)\b[^.;=]{{0,40}}?\bto\b[^.;=]{{0,40}}?"
    rf"\bpods?\b[^.;=]{{0,30}}?{_LABEL}",
    re.IGNORECASE,
)
_NOT_EVEN = re.compile(r"\bnot\s+even\b|\bfrom\s+anywhere\b|\bauch\s+nicht\s+aus\b", re.IGNORECASE)
_EXCEPT = re.compile(
    r"\b(?:except|only|apart\s+from|but\s+for|unless|besides|nur|außer)\b", re.IGNORECASE
)
_SELECTORS = ("podSelector", "namespaceSelector")
_SIDES = ("from", "to")
_NAME_OF_NAMESPACE = "kubernetes.io/metadata.name"


def choose_by_words(obj: Object, request: str) -> None:
    """Set in place what can be meant in one way only."""
    for rule in (
        _one_way,
        _shut_one_way,
        _shut_for_all,
        _namespaces_by_their_name,
        _labels_where_they_belong,
        _pods_of_namespaces,
        _every_pod,
        _chosen_pods,
        _right_way_round,
        _to_its_own_pods,
        _peers_with_their_ports,
        _peers_once,
        _on_the_port,
        _same_namespace,
    ):
        rule(obj, request)


def _one_way(obj: Object, request: str) -> None:
    """The direction that is to stay as it was is none of a policy's."""
    spec = map_at(obj, "spec")
    for way, key, stays in (("Egress", "egress", _OUT_STAYS), ("Ingress", "ingress", _IN_STAYS)):
        types = spec.get("policyTypes")
        if isinstance(types, list) and way in types and len(types) > 1 and stays.search(request):
            spec["policyTypes"] = [each for each in types if each != way]
            spec.pop(key, None)


def _shut_one_way(obj: Object, request: str) -> None:
    """One direction shut and the other one left alone, each in words of its own: nothing is let."""
    shut, left = set[str](), set[str]()
    for text in sentences(request):
        ways = [way for way, words in _WAYS if words.search(text)]
        if len(ways) == 1:
            (left if _OPEN.search(text) else shut if _SHUT.search(text) else set()).update(ways)
    if len(shut) == len(left) == 1 and shut != left and not _EXCEPT.search(request):
        spec = map_at(obj, "spec")
        spec["policyTypes"] = [*shut]
        for key in ("ingress", "egress"):
            spec.pop(key, None)


def _shut_for_all(obj: Object, request: str) -> None:
    """Nobody, "not even the neighbours", is no peer: what every pod may do is left out."""
    spec = map_at(obj, "spec")
    if _NOT_EVEN.search(request) and not _EXCEPT.search(request):
        for way, side in zip(("ingress", "egress"), _SIDES, strict=True):
            if spec.get(way) == [{side: [{"podSelector": {}}]}]:
                del spec[way]


def _every_pod(obj: Object, request: str) -> None:
    """Labels of nobody, or of a peer, choose nothing where the request speaks of every pod."""
    selector = map_at(obj, "spec", "podSelector")
    labels = selector.get("matchLabels")
    if not isinstance(labels, dict) or not _EVERY_POD.search(request):
        return
    named = (
        rf"{re.escape(str(k))}[\"'`]?\s*[=:]?\s*[\"'`]?{re.escape(str(v))}"
        for k, v in labels.items()
    )
    peers = [value_at(each, ("podSelector", "matchLabels")) for each in _peers(obj)]
    if labels in peers or not any(re.search(each, request) for each in named):
        del selector["matchLabels"]


def _chosen_pods(obj: Object, request: str) -> None:
    """Where not every pod is meant, it is for those with the one label that is no peer's."""
    selector = map_at(obj, "spec", "podSelector")
    if selector or _EVERY_POD.search(request) or not _peers(obj):
        return
    used = [text for peer in _peers(obj) for text in _texts(peer)]
    left = {key: value for key, value in stated_labels(request).items() if value not in used}
    if len(left) == 1:
        selector["matchLabels"] = left


def _right_way_round(obj: Object, request: str) -> None:
    """Of two groups of pods the one that reaches the other is the peer of a rule for who comes."""
    pairs = [((a, b), (c, d)) for a, b, c, d in _ACTIVE.findall(request)]
    pairs += [((c, d), (a, b)) for a, b, c, d in _PASSIVE.findall(request)]
    spec = map_at(obj, "spec")
    incoming = not spec.get("egress")
    if len(pairs) != 1 or bool(spec.get("ingress")) != incoming:
        return
    caller, called = ({key: value} for key, value in pairs[0])
    own, other = (called, caller) if incoming else (caller, called)
    peers = _peers(obj)
    wrong = spec.get("podSelector") == {"matchLabels": other} and len(peers) == 1
    if wrong and peers[0].get("podSelector") == {"matchLabels": own}:
        spec["podSelector"]["matchLabels"], peers[0]["podSelector"]["matchLabels"] = own, other


def _to_its_own_pods(obj: Object, request: str) -> None:
    """Pods that are "let traffic to" are the policy's own, and no peer of those that come."""
    spec = map_at(obj, "spec")
    said = {*_TO_PODS.findall(request)}
    own = {"matchLabels": dict(said)}
    if len(said) != 1 or spec.get("egress") or spec.get("podSelector") not in (None, {}, own):
        return
    for rule in [each for each in items(spec.get("ingress")) if isinstance(each, dict)]:
        kept = [each for each in items(rule.get("from")) if each != {"podSelector": own}]
        if len(kept) < len(items(rule.get("from"))):
            spec["podSelector"] = own
            rule["from"] = kept
            if not kept:  # its ports are those of the rules that have peers
                del rule["from"]


def _namespaces_by_their_name(obj: Object, _request: str) -> None:
    """The label of a namespace's name is no pod's: who chooses by it means a namespace."""
    for peer in _peers(obj):
        labels = value_at(peer, ("podSelector", "matchLabels"))
        if not isinstance(labels, dict) or _NAME_OF_NAMESPACE not in labels:
            continue
        if len(labels) == 1:
            peer.setdefault("namespaceSelector", peer.pop("podSelector"))
        elif "namespaceSelector" not in peer:
            name = {_NAME_OF_NAMESPACE: labels.pop(_NAME_OF_NAMESPACE)}
            peer["namespaceSelector"] = {"matchLabels": name}


def _labels_where_they_belong(obj: Object, request: str) -> None:
    """What the request calls a namespace's label chooses no pods, and the other way round."""
    spaces, pods = ({*form.findall(request)} for form in (_NAMESPACE_LABEL, _PODS_LABEL))
    for said, here, there in ((spaces - pods, *_SELECTORS), (pods - spaces, *_SELECTORS[::-1])):
        for (key, value), peer in itertools.product(sorted(said), _peers(obj)):
            labels = value_at(peer, (here, "matchLabels"))
            if isinstance(labels, dict) and str(labels.get(key)) == value:
                map_at(peer, there, "matchLabels")[key] = labels.pop(key)
                if not labels:
                    del peer[here]


def _pods_of_namespaces(obj: Object, request: str) -> None:
    """Pods of some namespaces are one peer: two of them would let in far more."""
    for key, value, its_key, its_value in _PODS_THERE.findall(request):
        pods, spaces = {key: value}, {its_key: its_value}
        for peers in _lists_of_peers(obj):
            by_pods = [each for each in peers if each == {"podSelector": {"matchLabels": pods}}]
            there = [
                each for each in peers if each == {"namespaceSelector": {"matchLabels": spaces}}
            ]
            for peer in (by_pods or there)[:1]:
                peer |= {
                    "podSelector": {"matchLabels": pods},
                    "namespaceSelector": {"matchLabels": spaces},
                }
                if by_pods and there:
                    peers.remove(there[0])


def _lists_of_peers(obj: Object) -> list[list[Any]]:
    spec = map_at(obj, "spec")
    rules = [*items(spec.get("ingress")), *items(spec.get("egress"))]
    held = [rule.get(key) for rule in rules if isinstance(rule, dict) for key in _SIDES]
    return [each for each in held if isinstance(each, list)]


def _peers(obj: Object) -> list[dict[str, Any]]:
    return [peer for found in _lists_of_peers(obj) for peer in found if isinstance(peer, dict)]


def _peers_with_their_ports(obj: Object, request: str) -> None:
    """A rule of peers and one of ports allow far more than both in one: put them together.

    Where each peer has sentences of its own, its ports are those that they name.
    """
    spec = map_at(obj, "spec")
    for way, side in zip(("ingress", "egress"), _SIDES, strict=True):
        rules = [each for each in items(spec.get(way)) if isinstance(each, dict)]
        peers = [peer for each in rules for peer in items(each.get(side))]
        ports = [port for each in rules for port in items(each.get("ports"))]
        apart = [(side in each) != ("ports" in each) for each in rules]
        if not (peers and ports and rules and all(apart)):
            continue
        names = [port for port in ports if _is_dns(port)]  # everybody's, unless it is said whose
        usual = [port for port in ports if port not in names]
        shared: list[dict[str, Any]] = []
        for peer in peers:
            resolver = any(text in ("kube-system", "kube-dns") for text in _texts(peer))
            own = names if resolver and names else _ports_said_with(peer, usual, request) or usual
            same = next((each for each in shared if each.get("ports", []) == own), None)
            if same is None:
                shared.append(same := {side: [], **({"ports": own} if own else {})})
            same[side].append(peer)
        told = any(each.get("ports") == names for each in shared)
        spec[way] = [*shared, *([] if told or not names else [{"ports": names}])]


def _peers_once(obj: Object, request: str) -> None:
    """A peer of several rules whose sentence has the ports of one belongs there alone."""
    spec = map_at(obj, "spec")
    for way, side in zip(("ingress", "egress"), _SIDES, strict=True):
        rules = [each for each in items(spec.get(way)) if isinstance(each, dict)]
        ports = [port for each in rules for port in items(each.get("ports"))]
        for rule in rules:
            for peer in [*items(rule.get(side))]:
                own = _ports_said_with(peer, ports, request)
                right = [e for e in rules if peer in items(e.get(side)) and e.get("ports") == own]
                if right and rule not in right:
                    rule[side].remove(peer)
                    if not rule[side]:
                        spec[way].remove(rule)


def _is_dns(port: Any) -> bool:
    return isinstance(port, dict) and str(port.get("port")) == "53"


def _ports_said_with(peer: Any, ports: Sequence[Any], request: str) -> list[Any]:
    """The ports that stand in a sentence with every word that the peer is chosen by."""
    words = [each for each in _texts(peer) if each != _NAME_OF_NAMESPACE]
    about = [text for text in sentences(request) if words and all(w in text for w in words)]
    return [
        each
        for each in ports
        if isinstance(each, dict)
        and any(re.search(rf"(?<!\d){each.get('port')}(?!\d)", text) for text in about)
    ]


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        keyed = [str(key) for key in value if "." in str(key)]
        return [*keyed, *(text for child in value.values() for text in _texts(child))]
    inner = value if isinstance(value, list) else ()
    return [text for each in inner for text in _texts(each)] if inner else [str(value)]


def _on_the_port(obj: Object, request: str) -> None:
    """The one port that the request names holds for rules of one direction that name none."""
    ports = {match[1] for match in _PORT.finditer(request)}
    alone = ports == set(PORT_LIKE.findall(request))
    spec = map_at(obj, "spec")
    rules = [rule for key in ("ingress", "egress") for rule in items(spec.get(key))]
    told = [rule for rule in rules if isinstance(rule, dict) and rule]
    both = bool(spec.get("ingress")) and bool(spec.get("egress"))
    if len(ports) == 1 and alone and not both and not any(rule.get("ports") for rule in told):
        for rule in told:
            rule["ports"] = [{"protocol": "TCP", "port": int(*ports)}]


def _same_namespace(obj: Object, request: str) -> None:
    """Pods "in the same namespace" are none of another one; where both are meant, each counts."""
    if not _SAME_NAMESPACE.search(request):
        return
    spec = map_at(obj, "spec")
    for rule in [*items(spec.get("ingress")), *items(spec.get("egress"))]:
        for key in _SIDES:
            if isinstance(rule, dict) and isinstance(rule.get(key), list):
                rule[key] = [each for peer in rule[key] for each in _apart(peer, request)]


def _apart(peer: Any, request: str) -> list[Any]:
    pods, spaces = (value_at(peer, (key, "matchLabels")) for key in _SELECTORS)
    if not (isinstance(pods, dict) and pods and isinstance(spaces, dict)):
        return [peer]
    said = all(str(text) in request for pair in spaces.items() for text in pair)
    others = [{"namespaceSelector": peer["namespaceSelector"]}] if spaces and said else []
    return [{"podSelector": peer["podSelector"]}, *others]
