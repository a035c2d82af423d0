"""Certificates and paths of an Ingress."""

from __future__ import annotations

import pytest

from tiphys.propose.author.words.by_words import by_words


def ingress(*hosts, paths=(), **spec):
    rules = [{"host": each, "http": {"paths": [*paths]}} for each in hosts]
    return {"kind": "Ingress", "metadata": {"name": "web"}, "spec": {"rules": rules, **spec}}


@pytest.mark.parametrize(
    ("request_", "tls"),
    [
        ("Reached by HTTPS, key and certificate are in the secret web-cert.", "web-cert"),
        ("TLS with the web-cert secret.", "web-cert"),
        ("No TLS here; the secret web-cert is for later.", None),
        ("TLS for *.a.example with the secret web-cert.", None),
        ("HTTPS, and the secret holds the certificate.", None),
        ("The secret web-login holds the password.", None),
    ],
)
def test_the_only_certificate_is_for_the_only_host(request_, tls):
    made = ingress("a.example")
    by_words(made, request_)
    wanted = [{"hosts": ["a.example"], "secretName": tls}] if tls else None
    assert made["spec"].get("tls") == wanted


def test_of_two_hosts_nobody_knows_which_is_meant_and_what_exists_is_left():
    request = "HTTPS, certificate in the secret web-cert."
    two, old = ingress("a.example", "b.example"), ingress("a.example")
    by_words(two, request)
    by_words(old, request, new=False)
    assert "tls" not in two["spec"]
    assert "tls" not in old["spec"]


def test_a_certificate_without_hosts_is_for_those_that_there_are():
    made = ingress("a.example", tls=[{"secretName": "x"}])
    by_words(made, "")
    assert made["spec"]["tls"] == [{"secretName": "x", "hosts": ["a.example"]}]


def test_the_same_path_leads_to_one_place():
    first, again = ({"path": "/", "pathType": "Prefix", "backend": n} for n in (1, 2))
    exact = {"path": "/", "pathType": "Exact", "backend": 3}
    made = ingress("a.example", paths=[first, exact, again, dict(first)])
    by_words(made, "")
    assert made["spec"]["rules"][0]["http"]["paths"] == [first, exact]
