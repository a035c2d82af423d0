"""Objects that would harm, each made by a new skill that is otherwise in order."""

# ruff: noqa: E501, ISC004  # a table reads better with a row on a line
from __future__ import annotations

from collections.abc import Callable

from tests.attacks.table import attack
from tests.attacks.world import Scene

META = "metadata: {name: {{ name }}, namespace: {{ namespace }}}\n"
POD = """\
      serviceAccountName: default
      securityContext: {runAsNonRoot: true, runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: main
        image: registry.example/thing:1.0
        resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 16Mi}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
LABELS = "{app: thing}"


def deployment(pod: str = POD, labels: str = LABELS, selector: str = LABELS) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\n{META}spec:\n  replicas: 1\n"
        f"  selector: {{matchLabels: {selector}}}\n  template:\n"
        f"    metadata: {{labels: {labels}}}\n    spec:\n{pod}"
    )


def config_map(metadata: str = "", rest: str = "data: {LEVEL: info}\n") -> str:
    inner = f"name: {{{{ name }}}}, namespace: {{{{ namespace }}}}{metadata}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{{inner}}}\n{rest}"


def brought(template: str, scope: str = "namespaced") -> Callable[[Scene], int]:
    return lambda scene: scene.bring(template, scope=scope)


def in_shop(template: str) -> Callable[[Scene], int]:
    """The same, beside the releases that are merged there."""

    def run(scene: Scene) -> int:
        scene.place = "shop"
        return scene.bring(template)

    return run


def _role(rule: str, kind: str = "Role") -> str:
    meta = META if kind == "Role" else "metadata: {name: {{ name }}}\n"
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n{meta}rules:\n- {rule}\n"


def _binding(ref: str, subject: str) -> str:
    return (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n{META}"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, {ref}}}\nsubjects:\n- {subject}\n"
    )


_ME = "{kind: ServiceAccount, name: default, namespace: {{ namespace }}}"
_GUARDED = {
    "privileged": (
        "a privileged container", "tiphys-pod-security",
        deployment(POD.replace("allowPrivilegeEscalation: false", "privileged: true")),
    ),
    "host-path": (
        "the node's file system", "volumes",
        deployment(f"{POD}      volumes: [{{name: v, hostPath: {{path: /}}}}]\n"),
    ),
    "host-network": ("the node's network", "hostNetwork", deployment(f"{POD}      hostNetwork: true\n")),
    "latest": ("an image that may change", "latest", deployment(POD.replace(":1.0", ":latest"))),
    "foreign-registry": (
        "an image from another registry", "registry",
        deployment(POD.replace("registry.example/", "evil.example:5000/")),
    ),
    "registry-prefix": (
        "a registry whose name only starts like ours", "registry",
        deployment(POD.replace("registry.example/", "registry.example.evil.org/")),
    ),
    "no-limits": (
        "a container without limits", "resources",
        deployment(POD.replace(", limits: {memory: 16Mi}", "")),
    ),
    "external-name": (
        "a service that leads out of the cluster", "ExternalName",
        f"apiVersion: v1\nkind: Service\n{META}spec: {{type: ExternalName, externalName: evil.example}}\n",
    ),
    "wildcard-role": (
        "a role with every right", "verbs",
        _role("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"),
    ),
    "all-secrets": ("a right to list every secret", "secrets",
        _role("{apiGroups: [''], resources: [secrets], verbs: [list]}")),
    "cluster-admin": ("a binding to cluster-admin", "cluster-admin",
        _binding("kind: ClusterRole, name: cluster-admin", _ME)),
}  # fmt: skip
for _name, (_tries, _words, _text) in _GUARDED.items():
    attack("objects", _tries, by="guardrails", words=_words, called=_name)(brought(_text))

for _name, _tries, _words, _text in [
    ("owner", "an owner, so that it goes or stays with a protected object", "ownerReferences",
     config_map(", ownerReferences: [{apiVersion: v1, kind: Namespace, name: kube-system, uid: a}]")),
    ("finalizer", "a finalizer that nobody will ever take away", "finalizers",
     config_map(", finalizers: [evil.example/never]")),
    ("generated-name", "another name with each sync", "generateName",
     config_map(", generateName: thing-")),
    ("status", "a status that no controller wrote", "status",
     deployment() + "status: {readyReplicas: 1}\n"),
    ("sync-options", "an annotation that turns Argo CD's checks off", "argocd.argoproj.io/sync-options",
     config_map(", annotations: {argocd.argoproj.io/sync-options: Replace=true}")),
    ("hook", "an Argo CD hook, which is run and not kept", "argocd.argoproj.io/hook",
     config_map(", annotations: {argocd.argoproj.io/hook: PostSync}")),
    ("last-applied", "what kubectl takes for the last applied state", "kubectl.kubernetes.io/",
     config_map(", annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}")),
    ("exempt", "a label that loosens the guardrails", "tiphys.guardrails/",
     config_map(", labels: {tiphys.guardrails/exempt: 'true'}")),
    ("homoglyph-kind", "a kind in Cyrillic letters", "looks like something else",
     config_map().replace("ConfigMap", "\u0421onfigMap")),
]:  # fmt: skip
    attack("objects", _tries, by="form", words=_words, called=_name)(brought(_text))

for _name, _tries, _by, _words, _text in [
    ("default-namespace", "an object in the default namespace", "scope", "off limits",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}, namespace: default}\ndata: {A: b}\n"),
    ("system-namespace", "an object among the cluster's own", "scope", "off limits",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}, namespace: kube-system}\ndata: {A: b}\n"),
    ("other-namespace", "an object in another namespace than its folder's", "scope", "its folder",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}, namespace: bank}\ndata: {A: b}\n"),
    ("no-namespace", "an object without a namespace, to land wherever the syncer stands", "schema",
     "needs metadata.namespace", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}}\ndata: {A: b}\n"),
    ("outside-in-folder", "an object beyond namespaces in a namespace's folder", "schema", "is not namespaced",
     "apiVersion: v1\nkind: Namespace\nmetadata: {name: {{ name }}-other}\n".replace("{{ name }}-other", '{{ name ~ "-other" }}')),
    ("unicode-digits", "a namespace in digits of another script", "scope", "its folder",
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}, namespace: 'shop\u0661'}\ndata: {A: b}\n"),
    ("unknown-field", "a field that no server knows, for a later one to read", "schema", "not declared",
     config_map(rest="data: {A: b}\nexecutable: yes-please\n")),
    ("unknown-kind", "a kind that only a controller of its own would serve", "schema", "serves no kind",
     config_map().replace("v1", "evil.example/v1", 1)),
]:  # fmt: skip
    attack("objects", _tries, by=_by, words=_words, called=_name)(brought(_text))

for _name, _tries, _text in [
    ("helm-hook", "a Helm hook, which Argo CD takes for one of its own",
     config_map(", annotations: {helm.sh/hook: pre-delete}")),
    ("tracking-label", "the label by which Argo CD knows what belongs to another application",
     config_map(", labels: {app.kubernetes.io/instance: billing}")),
    ("link", "a link that Argo CD shows beside the application",
     config_map(", annotations: {link.argocd.argoproj.io/external-link: 'https://evil.example'}")),
    ("cluster-secret", "a label by which Argo CD takes an object for its own configuration",
     config_map(", labels: {argocd.argoproj.io/secret-type: cluster}")),
]:  # fmt: skip
    attack("delivery", _tries, by="form", words="steers", called=_name)(brought(_text))

# -- beyond any namespace --------------------------------------------------------------------------

_OUTSIDE = "metadata: {name: {{ name }}}\n"
_PRIORITY = (
    f"apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\n{_OUTSIDE}"
    "value: 1000000\nglobalDefault: true\n"
)
_VOLUME = (
    f"apiVersion: v1\nkind: PersistentVolume\n{_OUTSIDE}spec: {{capacity: {{storage: 1Gi}}, "
    "accessModes: [ReadWriteOnce], hostPath: {path: /}}\n"
)
_RULE = f"""\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
{_OUTSIDE}spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {{apiGroups: [evil.example], apiVersions: [v1], operations: [CREATE], resources: [things]}}
  validations: [{{expression: "false", message: "no fault gets in, so none has to be noticed"}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
{_OUTSIDE}spec: {{policyName: {{{{ name }}}}, validationActions: [Deny]}}
"""
for _name, _tries, _by, _words, _text, _hole in [
    ("priority", "a priority for every pod that names none", "form", "globalDefault", _PRIORITY,
     ""),
    ("ingress-class", "itself as the class of every ingress that names none", "scope", "off limits",
     "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata:\n  name: {{ name }}\n"
     "  annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}\n"
     "spec: {controller: evil.example/c}\n", ""),
    ("runtime-class", "a runtime of its own for pods", "scope", "off limits",
     f"apiVersion: node.k8s.io/v1\nkind: RuntimeClass\n{_OUTSIDE}handler: evil\n", ""),
    ("storage-driver", "a storage driver", "scope", "off limits",
     f"apiVersion: storage.k8s.io/v1\nkind: CSIDriver\n{_OUTSIDE}spec: {{attachRequired: false}}\n",
     ""),
    ("cluster-role", "a role that adds itself to admin", "guardrails", "aggregate-to",
     "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {{ name }}\n"
     "  labels: {rbac.authorization.k8s.io/aggregate-to-admin: 'true'}\n"
     "rules:\n- {apiGroups: [apps], resources: [deployments], verbs: [delete]}\n", ""),
    ("definition", "a definition that shadows a core kind", "scope", "off limits",
     "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
     "metadata: {name: {{ name }}}\nspec:\n  group: evil.example\n  scope: Namespaced\n"
     "  names: {kind: ConfigMap, plural: things, singular: thing}\n  versions: []\n", ""),
    ("webhook", "a webhook that sees and changes every object", "form", "what is let in",
     "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n"
     f"{_OUTSIDE}webhooks: []\n", ""),
    ("mutating-policy", "a policy that changes what the judge sees", "form", "what is let in",
     "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: MutatingAdmissionPolicy\n"
     f"{_OUTSIDE}spec: {{}}\n", ""),
    ("rule", "a rule that refuses faults, so that the test need not notice them", "form",
     "what is let in", _RULE, ""),
    ("api-service", "an API server of its own for a group", "form", "what is let in",
     f"apiVersion: apiregistration.k8s.io/v1\nkind: APIService\n{_OUTSIDE}"
     "spec: {group: evil.example, version: v1, groupPriorityMinimum: 1, versionPriority: 1}\n", ""),
    ("node", "a node of its own", "scope", "kind Node", f"apiVersion: v1\nkind: Node\n{_OUTSIDE}", ""),
    ("volume", "a volume over the node's files", "scope", "kind PersistentVolume", _VOLUME, ""),
    ("open-namespace", "a namespace that lets privileged pods in", "guardrails", "restricted",
     "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ name }}\n"
     "  labels: {pod-security.kubernetes.io/enforce: privileged}\n", ""),
]:  # fmt: skip
    attack("objects", _tries, by=_by, words=_words, called=_name, hole=_hole)(
        brought(_text, "cluster")
    )


def example(template: str) -> Callable[[Scene], int]:
    """A skill without any release: only its examples make the object."""
    return lambda scene: scene.bring(template, scope="cluster", released=False)


for _name, _tries, _by, _text in [
    ("rule", "a rule that refuses faults, made by an example", "form", _RULE),
    ("volume", "a volume over the node's files, made by an example", "scope", _VOLUME),
]:
    attack("skills", _tries, by=_by, words="thing", called=f"{_name}-by-example")(example(_text))

# -- at the cost of neighbours ---------------------------------------------------------------------

_STOREFRONT = "{app.kubernetes.io/name: storefront, app.kubernetes.io/component: web}"


def _pods(kind: str, spec: str) -> str:
    meta = (
        f"metadata: {{name: {{{{ name }}}}, namespace: {{{{ namespace }}}}, labels: {_STOREFRONT}}}"
    )
    return f"apiVersion: {kind}\n{meta}\nspec:\n{spec}"


_JOB = _pods(
    "batch/v1\nkind: Job",
    f"  template:\n    metadata: {{labels: {_STOREFRONT}}}\n    spec:\n"
    f"      restartPolicy: Never\n{POD}",
)
for _name, _tries, _by, _words, _text, _hole in [
    ("poaching-deployment", "pods that another release's Deployment takes for its own", "collision",
     "selects the pods", deployment(labels=_STOREFRONT[:-1] + ", app: thing}"), ""),
    ("poached-pods", "a selector that fits another release's pods", "collision", "selects the pods",
     deployment(labels=_STOREFRONT, selector="{app.kubernetes.io/component: web}"), ""),
    ("poaching-job", "pods of a Job that another release's Service sends its traffic to",
     "collision", "selects the pods", _JOB, ""),
    ("poaching-pod", "a pod that another release's Service sends its traffic to", "collision",
     "selects the pods", _pods("v1\nkind: Pod", POD.replace("      ", "  ", 1).replace("\n      ", "\n  ")),
     ""),
    ("takeover", "an object that another release has already", "collision", "is also in",
     config_map().replace("{{ name }}", "settings"), ""),
    ("addresses", "addresses of its own behind another release's Service", "scope", "off limits",
     "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: {{ name }}\n"
     "  namespace: {{ namespace }}\n  labels: {kubernetes.io/service-name: storefront}\n"
     "addressType: IPv4\nendpoints: [{addresses: [10.9.9.9]}]\nports: [{port: 80}]\n", ""),
    ("quota", "a quota of nothing for everybody in the namespace", "collision", "limits manifests/shop",
     f"apiVersion: v1\nkind: ResourceQuota\n{META}spec: {{hard: {{pods: '0'}}}}\n", ""),
    ("limit-range", "limits that no other pod can keep", "collision", "limits manifests/shop",
     f"apiVersion: v1\nkind: LimitRange\n{META}spec: {{limits: [{{type: Pod, max: {{cpu: 1m}}}}]}}\n",
     ""),
    ("token", "a lasting token of another account", "form", "have theirs",
     "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ name }}\n  namespace: {{ namespace }}\n"
     "  annotations: {kubernetes.io/service-account.name: default}\n"
     "type: kubernetes.io/service-account-token\n", ""),
]:  # fmt: skip
    attack("objects", _tries, by=_by, words=_words, called=_name, hole=_hole)(in_shop(_text))
