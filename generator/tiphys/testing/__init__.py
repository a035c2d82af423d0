"""Fakes and conformance suites, shipped so that anybody can test against Tiphys."""
