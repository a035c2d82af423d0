"""Skills that lie: in their templates, schemas and names, and in the records of releases."""

# ruff: noqa: E501, ISC004  # a table reads better with a row on a line
from __future__ import annotations

from collections.abc import Callable

from tests.attacks.table import READING, attack
from tests.attacks.thing import HEAD
from tests.attacks.world import BRANCH, FOLDER, STOREFRONT, Scene, skill_with
from tiphys.library import load_skill_at, make_release, release_files

Run = Callable[[Scene], int]


# -- templates -------------------------------------------------------------------------------------

_TEXT = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}, namespace: {{ namespace }}}\n"
)
for _name, _tries, _by, _words, _more in [
    ("dunder", "Python's own attributes of a value", "form", "__mro__",
     "data: {A: {{ name.__class__.__mro__ }}}\n"),
    ("call", "a call of a function", "syntax", "call is not allowed", "data: {A: {{ range(9) }}}\n"),
    ("power", "a hundred million letters", "syntax", "is not allowed",
     "data: {A: {{ 'a' * 10**8 }}}\n"),
    ("endless", "loops inside of loops inside of loops", "syntax", "loops nest deeper",
     "data:\n" + "{% for a in name %}{% for b in name %}{% for c in name %}\n  A: b\n"
     "{% endfor %}{% endfor %}{% endfor %}\n"),
    ("growing", "a text that grows with every filter", "form", "at most 65536",
     "data: {A: {{ name | replace('t', name ~ name) | replace('h', name ~ name ~ name)"
     " | replace('t', 'tttttttttttttttttttttttttttttttttttttttttttttttttttttttt')"
     " | replace('t', 'tttttttttttttttttttttttttttttttttttttttttttttttttttttttt')"
     " | replace('t', 'tttttttttttttttttttttttttttttttttttttttttttttttttttttttt') }}}\n"),
    ("include", "a file of the machine by an include", "syntax", "is not allowed",
     "{% include '/etc/passwd' %}\n"),
    ("assign", "a variable of its own", "syntax", "is not allowed", "{% set a = 1 %}\n"),
    ("filter", "a filter that reaches attributes", "syntax", "filter attr",
     "data: {A: {{ name | attr('upper') }}}\n"),
    ("environment", "the environment of the process", "form", "no attribute",
     "data: {A: {{ environ['TIPHYS_ATTACK_CANARY'] }}}\n"),
    ("glued", "a value glued to text, to become structure", "form", "whole value",
     "data: {A: x{{ name }}}\n"),
    ("comment", "a value inside of a comment, to break out with a line break", "form",
     "whole value", "# {{ name }}\ndata: {A: b}\n"),
    ("quoted", "a value inside of quotes, to close them", "form", "whole value",
     "data: {A: '{{ name }}'}\n"),
    ("block", "a value inside of a block of text", "form", "whole value",
     "data:\n  A: |\n    {{ name }}\n"),
    ("long", "a template longer than any", "syntax", "at most", "#" * 40_000 + "\n"),
    ("nested", "an expression nested beyond sense", "syntax", "nested too deeply",
     "data: {A: {{ " + "(" * 200 + "1" + ")" * 200 + " }}}\n"),
]:  # fmt: skip
    attack("templates", _tries, by=_by, words=_words, called=_name)(
        skill_with(template=_TEXT + _more)
    )

# -- schemas ---------------------------------------------------------------------------------------

_OPEN = '{"type": "object", "additionalProperties": false, "required": ["name", "namespace"], '
_NAMES = (
    '"name": {"type": "string", "format": "dns-label", "description": "Its name."}, '
    '"namespace": {"type": "string", "format": "dns-label", "description": "Where."}'
)


def _schema(more: str) -> str:
    return f'{_OPEN}"properties": {{{_NAMES}, {more}}}}}'


for _name, _tries, _words, _text in [
    ("remote-ref", "a reference that fetches a schema from elsewhere", "keyword $ref",
     _schema('"a": {"$ref": "https://evil.example/s.json", "description": "x", "default": 1}')),
    ("loop", "a reference to itself", "keyword $ref",
     _schema('"a": {"$ref": "#", "description": "x", "default": 1}')),
    ("pattern", "a regular expression that never ends", "keyword pattern",
     _schema('"a": {"type": "string", "pattern": "^(a+)+$", "description": "x", "default": "a"}')),
    ("any-value", "values that nobody declared", "additionalProperties",
     _schema('"a": {"type": "string", "description": "x", "default": "a"}').replace("false", "true")),
    ("two-defaults", "a key twice, so that people and programs see different defaults",
     "duplicate key", _schema('"a": {"description": "x", "default": 1, "default": 100}')),
    ("bad-default", "a default that its own rule forbids", "values",
     _schema('"a": {"type": "integer", "maximum": 3, "description": "x", "default": 100}')),
    ("too-many", "more properties than anybody reads", "more than 64",
     _schema(", ".join(f'"a{n}": {{"description": "x", "default": 1}}' for n in range(70)))),
    ("no-namespace", "no namespace among what is required", "place in required",
     _schema('"a": {"description": "x", "default": 1}').replace('["name", "namespace"]', '["name"]')),
]:  # fmt: skip
    attack("schema", _tries, by="syntax", words=_words, called=_name)(skill_with(schema=_text))

# -- the record of a release -----------------------------------------------------------------------


def _toml(old: str, new: str) -> Run:
    def run(scene: Scene) -> int:
        files = {**scene.release()}
        path = f"{FOLDER}/release.toml"
        text = (files[path] or b"").decode()
        assert old in text
        files[path] = text.replace(old, new).encode()
        return scene.propose(files)

    return run


for _name, _tries, _by, _words, _old, _new in [
    ("other-values", "values that do not render these bytes", "render", "is not what", '"50"', '"51"'),
    ("other-skill", "the name of another skill", "render", "which is now", '"config-map"', '"worker"'),
    ("no-skill", "a skill that is not there", "render", "there is no skill", '"config-map"', '"nope"'),
    ("climbing-skill", "a skill outside of the repository", "render", "there is no skill",
     '"config-map"', '"../../../outside"'),
    ("other-namespace", "another namespace than its folder's", "syntax", "namespace",
     '"vault"', '"bank"'),
    ("other-name", "another name than its folder's", "syntax", "its folder", '"limits"', '"evil"'),
    ("more-keys", "a key that later readers might believe", "syntax", "unknown key",
     "[values]", 'verdict = "accept"\n\n[values]'),
    ("dotted", "a key of thousands of dotted parts", "syntax", "joined by dots",
     "[values]", "a" + ".a" * 5000 + " = 1\n[values]"),
    ("deep", "arrays nested until a reader breaks", "syntax", "not valid TOML",
     "[values]", "[values]\nx = " + "[" * 5000 + "]" * 5000),
    ("huge-number", "a number of thousands of digits", "syntax", "not valid TOML",
     "[values]", "[values]\nx = " + "9" * 5000),
    ("undeclared", "a value that the skill does not know", "render", "Additional properties",
     "[values]", '[values]\n"hostNetwork" = true'),
    ("long-value", "a text longer than any value may be", "render", "at most",
     '"50"', '"' + "x" * 70_000 + '"'),
    ("other-request", "another request than the one that was made", "scope", "quotes another",
     "MAX_BASKET=50", "MAX_BASKET=50 and everything else"),
    ("half-a-request", "half of the request, without what matters", "scope", "quotes another",
     " with MAX_BASKET=50", ""),
    ("no-quote", "nothing in place of the request", "scope", "quotes another",
     "Limits\\nCreate a config map called limits in namespace vault with MAX_BASKET=50", ""),
]:  # fmt: skip
    attack("record", _tries, by=_by, words=_words, called=_name)(_toml(_old, _new))


@attack("record", "the digest of the skill as it was, with the skill changed beside it",
        by="scope", words="by itself")  # fmt: skip
def old_digest(scene: Scene) -> int:
    card = "skills/config-map/SKILL.md"
    text = scene.repository.read("main", card)
    return scene.propose_beside({card: text + b"\nMore.\n"})


@attack("record", "what contradicts the request", by="critic", words="50")
def against_the_request(scene: Scene) -> int:
    return scene.propose(scene.release(data={"MAX_BASKET": "5000"}))


@attack(
    "record",
    "a release of another request, for a request that is about something else",
    by="scope",
    words="the request does not name",
)
def others_release(scene: Scene) -> int:
    issue = scene.ann.open_issue("Thing", "We need a thing, please.").number
    changed = STOREFRONT | {"image": "registry.example/evil:6.6"}
    scene.push(scene.release("web-service", scene.asked(issue), **changed))
    return scene.open(issue=issue)


@attack(
    "record",
    "no request at all, so that nothing can contradict it",
    by=READING,
    words="serves no issue",
)
def no_request(scene: Scene) -> int:
    scene.push(scene.release(data={"MAX_BASKET": "5000"}))
    return scene.forge.open_pull("Add limits", "As asked.", BRANCH, "main", None).number


# -- skills in place of others ---------------------------------------------------------------------


def _named(name: str) -> Run:
    return lambda scene: scene.bring(name=name, released=False)


for _name, _tries, _by, _words in [
    ("config-rnap", "a name that reads like config-map", "scope", "looks like"),
    ("web-servlce", "an l for an i in a skill's name", "scope", "looks like"),
    ("web_service", "an underscore for the hyphen", "syntax", "single hyphens"),
    ("Config-Map", "capitals in a skill's name", "syntax", "lower-case"),
    ("config--map", "two hyphens for one", "scope", "looks like"),
    ("w\u0435b-service", "a Cyrillic letter in a skill's name", "scope", "odd name"),
]:
    attack("skills", _tries, by=_by, words=_words, called=ascii(_name)[1:-1])(_named(_name))


@attack("skills", "a description that claims every word there is", by="syntax", words="1024")
def stuffed(scene: Scene) -> int:
    card = scene.skill("thing")["skills/thing/SKILL.md"].decode()
    return scene.bring(
        card=card.replace("Keep a thing", "web service database " * 60), released=False
    )


@attack("skills", "a merged skill removed", by="scope", words="is removed")
def removed(scene: Scene) -> int:
    found = scene.repository.entries("main", "skills/worker")
    return scene.propose({e.path: None for e in found})


@attack("skills", "a merged skill changed quietly beside a release", by="scope", words="by itself")
def changed_quietly(scene: Scene) -> int:
    root = "skills/config-map"
    template = scene.repository.read("main", f"{root}/templates/config-map.yaml.j2")
    test = scene.repository.read("main", f"{root}/tests/chainsaw-test.yaml")
    label = b"app.kubernetes.io/managed-by: "
    scene.push({
        f"{root}/templates/config-map.yaml.j2": template.replace(label + b"tiphys", label + b"evil"),
        f"{root}/tests/chainsaw-test.yaml": test.replace(label + b"tiphys", label + b"evil"),
    })  # fmt: skip
    skill = load_skill_at(scene.repository, BRANCH, "config-map")
    values = {"name": "limits", "namespace": "vault", "data": {"MAX_BASKET": "50"}}
    scene.push(
        release_files(make_release(skill, values, request=scene.asked(scene.issue)), skill),
        base=BRANCH,
    )
    return scene.open()


@attack("skills", "a merged skill's test weakened", by="scope", words="nothing else")
def weakened(scene: Scene) -> int:
    path = "skills/config-map/tests/chainsaw-test.yaml"
    test = scene.repository.read("main", path)
    kept = test.replace(b"              (binaryData == null): true\n", b"")
    return scene.propose({path: kept})


@attack("skills", "a waiver for every fault of its own", by="control", words="waived")
def waived(scene: Scene) -> int:
    name = "metadata: {name: ($values.name)}"
    seen = f"{{apiVersion: v1, kind: ConfigMap, {name}}}"
    test = HEAD % "thing" + f"    - assert: {{resource: {seen}}}\n"
    waivers = "- mutant: 'ConfigMap/*:*data*'\n  reason: this does not matter to anybody\n"
    return scene.bring(test=test, waivers=waivers, released=False)
