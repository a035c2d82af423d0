"""How a thing is to behave, where one field with a word for a value decides it.

Each line: the field, the kinds that have it, where it stands, the value, what holds unsaid, and the
words that ask for it. Whichever object of the kinds is there has to have the value.
"""

# ruff: noqa: E501 -- a list of alternatives reads better unbroken
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tiphys.verify.critic.model import Field, Remark, Requirement, contradicted, covered
from tiphys.verify.critic.wording import Words
from tiphys.verify.critic.world import Obj, World, at, dig, many, pod_path, text

POD = "pod:"  # a path below the pod's spec
_PODS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
_VAP = ("ValidatingAdmissionPolicyBinding",)
_HOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_ADMISSION = ("ValidatingAdmissionPolicy", *_HOOKS)


@dataclass(frozen=True, slots=True)
class _Manner:
    kinds: tuple[str, ...]
    path: str
    value: object
    unsaid: object
    said: re.Pattern[str]
    negatable: bool = False


def _m(
    kinds: tuple[str, ...],
    path: str,
    value: object,
    unsaid: object,
    said: str,
    *,
    negatable: bool = False,
) -> _Manner:
    return _Manner(
        kinds,
        path,
        value,
        unsaid,
        re.compile(said.replace(" ", r"[\s-]+"), re.IGNORECASE),
        negatable,
    )


_MANNERS = (
    # storage classes and volumes
    _m(("StorageClass",), "reclaimPolicy", "Retain", "Delete", r"\b(?:outlives?|survives? (?:the |its |their |a )?(?:\w+ )?(?:deletion|removal|claims?)|(?:must|should|to|shall) (?:stay|remain|be kept|survive)|keeps? the (?:data|volumes?|disks?)|not be (?:deleted|removed|wiped) (?:with|when)|(?:data|volumes?|disks?) (?:is|are) (?:kept|retained)|retain(?:ed|s)?)\b"),
    _m(("PersistentVolume",), "spec.persistentVolumeReclaimPolicy", "Retain", "Retain", r"\b(?:outlives?|survives?|keeps? the (?:data|volume|disk)|(?:data|volume|disk) (?:must |should |has to )?(?:stays?|remains?|is kept)|retain(?:ed)?)\b"),
    _m(("StorageClass",), "reclaimPolicy", "Delete", "Delete", r"\b(?:(?:deleted?|removed?|cleaned|gone|goes away) (?:together )?(?:with|along with|when) (?:the|its|their|a) claims?|no leftovers)\b"),
    _m(("StorageClass",), "volumeBindingMode", "WaitForFirstConsumer", "Immediate", r"\b(?:(?:only |not |to |be |has |binding |made |created |bound |bind |wait |provision\w* )+(?:once|when|until|after|before) (?:an? |the |some |there is a )?(?:pod|consumer|workload)|wait(?:s|ing)? for (?:the |a )?(?:first )?(?:consumer|pod)|(?:only )?(?:once|when|after) (?:an? |the )?pod (?:is |gets |was |has been )?scheduled|same zone as (?:the|its) pod)\b", negatable=True),
    _m(("StorageClass",), "volumeBindingMode", "Immediate", "Immediate", r"\b(?:(?:bind|bound|provision\w*|create[sd]?)(?: the volume| it| them)? (?:at once|immediately|right away|straight away|instantly)|(?:no|without|not|don't) wait\w* for (?:a |the |any )?(?:pod|consumer)s?)\b"),
    _m(("StorageClass",), "allowVolumeExpansion", True, False, r"\b(?:can (?:be )?(?:grow|grown|enlarged?|expanded?|resized?|extended?|increased?)(?: later)?|expandable|resizable|grow(?:n|s)? later|(?:allow|support)\w* (?:volume )?(?:expan\w+|resiz\w+|growth))\b", negatable=True),
    _m(("PersistentVolumeClaim", "StatefulSet"), "spec.volumeMode", "Block", "Filesystem", r"\b(?:raw block|block (?:device|volume|mode))\b"),
    # services
    _m(("Service",), "spec.sessionAffinity", "ClientIP", "None", r"\b(?:sticky|stick(?:s|ing)? to|session affinity|client ip (?:affinity|sticks?)|same client (?:must |should |shall )?(?:always |goes |go |end up |land )+|(?:always )?(?:same|one) (?:pod|backend) for (?:a|each|the same|one) client)\b", negatable=True),
    _m(("Service",), "spec.externalTrafficPolicy", "Local", "Cluster", r"\b(?:(?:preserve[sd]?|keep(?:s|ing)?|see(?:s|ing)?|retain(?:s|ed)?|need\w*|real|original) (?:the )?(?:real |original |client |clients' |client's |caller's |source )+(?:ips?|address(?:es)?)|client source ips?)\b"),
    _m(("Service",), "spec.publishNotReadyAddresses", True, False, r"\b(?:not ready (?:pods|addresses|ones)|(?:even|also)[^.]{0,30} (?:aren't|are not|isn't|not yet|before (?:they|it) (?:are|is)) ready|before (?:they are|it is|becoming|being) ready|publish\w* not ready|unready (?:pods|ones|addresses))\b"),
    _m(("Service",), "spec.internalTrafficPolicy", "Local", "Cluster", r"\b(?:only (?:to )?(?:pods|endpoints|backends) on the same node|node local|stays? on (?:the|its) (?:own |same )?node|(?:pod|agent|instance) on (?:the|its|their) own node)\b"),
    _m(("Service",), "spec.ipFamilyPolicy", "RequireDualStack", "SingleStack", r"\brequires? (?:both|dual) (?:stack|families)\b"),
    # workloads
    _m(("StatefulSet",), "spec.podManagementPolicy", "Parallel", "OrderedReady", r"\b(?:(?:all )?(?:members|pods|replicas|instances|of them) (?:start(?:ed|ing)?|come up|launch\w*|boot) (?:all )?(?:at once|in parallel|together|simultaneously|at the same time)|start\w* (?:all )?(?:\w+ )?(?:at once|in parallel|simultaneously)|(?:no|not|without|don't|dont|ignore)(?: \w+)? (?:wait\w* for )?(?:the )?(?:ordinal|start(?:up)?|strict)? ?order(?:ing)?|in any order|one after (?:the other|another) is not)\b"),
    _m(("StatefulSet",), "spec.podManagementPolicy", "OrderedReady", "OrderedReady", r"\b(?:start\w* (?:strictly )?(?:one (?:after the other|by one|at a time)|in order)|strictly in order)\b"),
    _m(("Deployment",), "spec.strategy.type", "Recreate", "RollingUpdate", r"\b(?:(?:never|not|no|mustn't|must not|can't|cannot) (?:\w+ ){0,3}(?:two|2|both|old and new)(?: \w+){0,3} (?:versions?|pods|copies|instances)?[^.;]{0,20}(?:at (?:the same time|once)|side by side|together|in parallel)|(?:stop|kill|terminate|shut down|end)\w* (?:the )?old(?: \w+){0,2} (?:first|before)|old (?:pod|one|version) (?:has to|must|should|is to) (?:be )?(?:gone|stopped?|away|terminated?|down) before)\b"),
    _m(("CronJob",), "spec.concurrencyPolicy", "Replace", "Allow", r"\b(?:(?:new(?:er|est)?|fresh|next) (?:one|run|job) (?:takes over|replaces|wins|takes its place)|(?:old|previous|earlier|running|last|yesterday's)(?: \w+){0,2} (?:is|gets|be|shall be|should be|must be) (?:killed|stopped|replaced|cancell?ed|ended|terminated|aborted))\b"),
    _m(("CronJob",), "spec.concurrencyPolicy", "Allow", "Allow", r"\b(?:(?:overlap\w*(?: runs?| is| are)*|runs that overlap) (?:is |are )?(?:no problem|fine|ok|okay|allowed|harmless|welcome)|may overlap|can overlap|allowed to overlap)\b"),
    _m(("Job", "CronJob", "Pod"), POD + "restartPolicy", "OnFailure", "Always", r"\b(?:(?:in|inside|within) the same pod|same pod (?:is |gets )?(?:restarted|retr\w+)|restart\w*(?: \w+){0,3} in place|instead of (?:making |creating |starting )?(?:a )?new pods?|rather than (?:making |creating |starting )?(?:a )?new pods?|restart\w* on failure)\b", negatable=True),
    _m(("Job", "CronJob", "Pod"), POD + "restartPolicy", "Never", "Always", r"\b(?:never (?:be )?restart(?:ed|s|ing)?|(?:not|aren't|isn't) (?:be )?restarted|restarts? never|no restarts?|(?:a )?(?:new|fresh) pod (?:for|on) (?:each|every) (?:retry|attempt|try|failure))\b"),
    _m(("Job", "CronJob"), "job:completionMode", "Indexed", "NonIndexed", r"\b(?:completion index|indexed (?:job|mode|completion)|(?:knows?|told|gets?|sees?) (?:which|its own|its) (?:shard|index|chunk|number|part|slice))\b"),
    _m(_PODS, POD + "hostNetwork", True, False, r"\b(?:host network(?:ing)?|(?:node's|host's) (?:own )?network)\b", negatable=True),
    _m(_PODS, POD + "shareProcessNamespace", True, False, r"\b(?:shar\w+ (?:the |a |one |their )?process(?:es)?(?: namespace)?|see each other's processes|process namespace shar\w+)\b", negatable=True),
    _m(_PODS, POD + "enableServiceLinks", False, True, r"\b(?:no|without|disable|turn off|not) (?:the )?(?:service links|service env\w*)\b"),
    _m(("PriorityClass",), "preemptionPolicy", "Never", "PreemptLowerPriority", r"\b(?:(?:never|not|no|without|must not|mustn't|don't|may not|won't) (?:\w+ ){0,3}?(?:push(?:ing)? (?:\w+ )?(?:out|aside|away)|preempt\w*|evict\w*|displac\w+|kick\w*|throw\w* out|drive out|kill\w*)|non preempting)\b"),
    _m(("PriorityClass",), "preemptionPolicy", "PreemptLowerPriority", "PreemptLowerPriority", r"\b(?:may|can|should|must|will|shall|to) (?!not\b|never\b)(?:\w+ )?(?:preempt|evict|displace|push (?:\w+ )?(?:out|aside|away))\b"),
    _m(("PodDisruptionBudget",), "spec.unhealthyPodEvictionPolicy", "AlwaysAllow", "IfHealthyBudget", r"\b(?:unhealthy|crashloop\w*|broken|unready|not ready)[^.]{0,60}\b(?:evict\w*|drain\w*|removed)(?: \w+){0,2} (?:always|anyway|anytime|regardless)|always (?:be )?evict\w* unhealthy|evict\w* (?:of )?unhealthy"),
    _m(("ResourceQuota",), "spec.scopes", "BestEffort", "", r"\bbest effort pods (?:only|may|can|are)\b"),
    # admission, extensions
    _m(_VAP, "spec.validationActions", "Deny", "", r"\b(?:reject\w*|refus\w+|den(?:y|ied|ies)|forbid\w*|forbidden|block(?:ed|s)?|not (?:be )?(?:allowed|admitted|permitted)|prohibit\w*|disallow\w*|must not (?:be created|exist))\b"),
    _m(_VAP, "spec.validationActions", "Warn", "", r"\b(?:only|just|merely) (?:a )?warn\w*|\bwarn\w* (?:only|but)\b|\bnot (?:yet )?(?:reject|refuse|block|deny)\w*[^.]{0,20}warn"),
    _m(_VAP, "spec.validationActions", "Audit", "", r"\b(?:only|just|merely) (?:be )?(?:audit\w*|logg?\w*|not(?:e|ed)|record\w*)\b|\baudit (?:only|mode|log only)\b"),
    _m(_ADMISSION, "failurePolicy", "Ignore", "Fail", r"\b(?:fails? open|(?:if|when|while|should) (?:the |our |it |that )?(?:\w+ )?(?:webhook|hook|it|service|policy)?(?: is| be| goes| are)? (?:down|unreachable|unavailable|away|offline|broken|failing|not (?:up|there|reachable))[^.]{0,40}(?:still|anyway|nevertheless|go through|pass|not (?:be )?(?:block|stop|refus|reject)\w*|let \w+ through|admitted|carry on|go on|ignored?))\b"),
    _m(_ADMISSION, "failurePolicy", "Fail", "Fail", r"\b(?:fails? closed|(?:if|when|while)[^.]{0,50}(?:can't|cannot|can not|down|unreachable|unavailable|fails?)[^.]{0,30}(?:request|pods?|it|they|nothing|creation)s? (?:should |must |shall |has to |have to |are to |is to |is |are )?(?:fails?|be (?:refused|rejected|denied)|refused|rejected|denied|gets? (?:in|through|created)))\b"),
    _m(_HOOKS, "sideEffects", "None", "Unknown", r"\bno side effects\b|\bwithout side effects\b|\bside effect free\b"),
    _m(("CustomResourceDefinition",), "spec.scope", "Namespaced", "", r"\b(?:lives? in (?:a )?namespaces?|in their own namespaces?|namespaced|per namespace|namespace scoped|in (?:each|every|any) namespace)\b", negatable=True),
    _m(("CustomResourceDefinition",), "spec.scope", "Cluster", "", r"\b(?:cluster (?:scoped|wide)|not (?:namespaced|per namespace)|for the (?:whole|entire) cluster|without (?:a )?namespaces?|one (?:set )?for all namespaces)\b"),
    _m(("Certificate",), "spec.issuerRef.kind", "ClusterIssuer", "Issuer", r"\b(?:cluster wide issuer|cluster ?issuer|issuer (?:of|for) the (?:whole )?cluster|issuer is cluster wide)\b", negatable=True),
    _m(("Certificate",), "spec.issuerRef.kind", "Issuer", "Issuer", r"\b(?:namespaced? issuer|issuer (?:in|of) (?:the|that) same namespace|issuer of the namespace|local issuer|the namespace's (?:own )?issuer)\b"),
    _m(("LimitRange",), "spec.limits[0].type", "Container", "", r"\b(?:(?:no|each|every|any|per|single|one) (?:single )?container|containers? (?:w/?o|without|with no)|per container)\b"),
    _m(("LimitRange",), "spec.limits[0].type", "PersistentVolumeClaim", "", r"\b(?:each|every|any|single|no|per) (?:single )?(?:pvc|claim|volume claim|persistent volume claim)\b"),
    _m(("LimitRange",), "spec.limits[0].type", "Pod", "", r"\b(?:no|each|every|any|per) (?:single )?(?:whole )?pod\b(?! template)"),
    _m(("ConfigMap", "Secret"), "immutable", True, False, r"\b(?:(?:nobody|no one) (?:may|can|must|shall|should) (?:edit|change|modify|touch)|(?:must|can|may|should|shall) (?:not|never) be (?:edited|changed|modified)|never (?:be )?(?:edited|changed|modified)|frozen|read only config\s?map)\b"),
    _m(("IngressClass",), "metadata.annotations.ingressclass.kubernetes.io/is-default-class", "true", "false", r"\b(?:default (?:ingress )?class|names no class|no class is named|without (?:an? |any )?(?:ingress )?class|by default)\b", negatable=True),
    _m(("StorageClass",), "metadata.annotations.storageclass.kubernetes.io/is-default-class", "true", "false", r"\b(?:default (?:storage )?class|names no class|without (?:an? |any )?(?:storage )?class|(?:cluster's|cluster|new) default)\b", negatable=True),
)  # fmt: skip


def rule(words: Words, world: World) -> Iterator[Remark]:
    """Each manner once, for every object that could have it."""
    said: set[tuple[str, str]] = set()
    for each in _MANNERS:
        found = world.kinds(*each.kinds)
        match = next(words.find(each.said), None) if found else None
        if match is None:
            continue
        value = each.value
        if _refused(each, words, match):
            if not isinstance(value, bool) and value not in ("ClientIP", "true"):
                continue
            value = {True: False, "true": "false", "ClientIP": "None"}[value]
        answers = [(obj, here) for obj in found for here in _fields(obj, each.path)]
        answers = [a for a in answers if a[1].value is not None] or answers
        if any(_same(value, field.value, each.unsaid) for _, field in answers):
            said.add((each.path, str(each.kinds)))
            requirement = _asked(value, words, match)
            yield covered(requirement, answers[0][1])
        elif answers and (each.path, str(each.kinds)) not in said and _sure(each, words):
            field = answers[0][1]
            shown = "not set" if field.value is None else field.value
            yield contradicted(_asked(value, words, match), Field(field.path, shown))


def _asked(value: object, words: Words, match: re.Match[str]) -> Requirement:
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return Requirement("manner", shown, words.quote(*match.span()))


def _sure(each: _Manner, words: Words) -> bool:
    """Several ways at once are about several objects."""
    rivals = [m for m in _MANNERS if m.path == each.path and m.value != each.value]
    return not any(
        m.kinds == each.kinds
        and (match := next(words.find(m.said), None))
        and not _refused(m, words, match)
        for m in rivals
    )


def _refused(each: _Manner, words: Words, match: re.Match[str]) -> bool:
    return each.negatable and (
        words.negated(match.start())
        or re.match(r"(?:no|not|without)\b", match[0], re.IGNORECASE) is not None
    )


def _same(value: object, found: object, unsaid: object) -> bool:
    if found is None:
        found = unsaid
    if isinstance(found, list):
        return value in found
    return found == value


def _fields(obj: Obj, path: str) -> Iterator[Field]:
    kind = text(obj, "kind")
    if path.startswith(POD):
        steps: tuple[str, ...] = (*pod_path(obj), path.removeprefix(POD))
    elif path.startswith("job:"):
        inner = ("jobTemplate", "spec") if kind == "CronJob" else ()
        steps = ("spec", *inner, path.removeprefix("job:"))
    elif path.startswith("metadata.annotations."):
        steps = ("metadata", "annotations", path.removeprefix("metadata.annotations."))
    elif path.startswith("spec.limits[0]"):
        for i, _ in enumerate(many(obj, "spec", "limits")):
            yield Field(at(obj, f"spec.limits[{i}].type"), dig(obj, "spec", "limits", i, "type"))
        return
    elif path == "failurePolicy" and kind == "ValidatingAdmissionPolicy":
        steps = ("spec", "failurePolicy")
    elif kind in _HOOKS:
        for i, hook in enumerate(many(obj, "webhooks")):
            yield Field(at(obj, f"webhooks[{i}].{path}"), dig(hook, path))
        return
    else:
        steps = tuple(path.split("."))
    yield Field(at(obj, ".".join(steps)), dig(obj, *steps))
