"""Settings that a person sees and changes: what is off limits, how sure, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
# They reach beyond any namespace, speak for the cluster itself, or are for controllers to write.
SYSTEM_KINDS = tuple(
    "Binding CSIDriver CSINode CSIStorageCapacity CertificateSigningRequest ClusterTrustBundle "
    "ControllerRevision CustomResourceDefinition DeviceClass EndpointSlice Endpoints Event "
    "FlowSchema IPAddress IngressClass Lease Node PersistentVolume PriorityLevelConfiguration "
    "ResourceSlice RuntimeClass ServiceCIDR StorageClass StorageVersionMigration VolumeAttachment "
    "VolumeAttributesClass".split()
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a proposal may not touch.

    `off_limits_namespaces` and `off_limits_kinds` are refused by the scope check; sizes are in
    bytes, `max_pods` counts those that all objects of a change ask for. `allowed_scripts` names
    skills ("skills/<name>") whose tests may run programs, in a box. `mutation_score` (0..1) is the
    least share of faulty manifests that a skill's test must notice.
    """

    off_limits_namespaces: tuple[str, ...] = SYSTEM_NAMESPACES
    off_limits_kinds: tuple[str, ...] = SYSTEM_KINDS
    max_file_bytes: int = 1 << 20
    max_files: int = 200
    max_pods: int = 500
    allowed_scripts: tuple[str, ...] = ()
    mutation_score: float = 0.8


@dataclass(frozen=True, slots=True)
class TrustedIdentity:
    """Whose tokens count as signatures: an OpenID issuer and what its token must claim, exactly.

    `claims` are (name, text), sorted by name.
    """

    issuer: str
    claims: tuple[tuple[str, str], ...]

    def accepts(self, token: Mapping[str, object]) -> bool:
        """Whether a token's claims hold everything that is asked for."""
        return token.get("iss") == self.issuer and not self.missing(token)

    def missing(self, token: Mapping[str, object]) -> tuple[str, ...]:
        """Names of the claims that are not as asked for."""
        return tuple(name for name, text in self.claims if token.get(name) != text)

    def __str__(self) -> str:
        return " ".join([self.issuer, *(f"{name}={text}" for name, text in self.claims)])


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `tiphys.toml` and the environment can set.

    `trusted_keys` are public keys ("ed25519:<64 hex>") and `trusted_identities` jobs of a CI
    platform whose signed verdicts count; without any of either, only the key of this machine's user
    does. `model` is the name by which an
    OpenAI-compatible server (OPENAI_BASE_URL, OPENAI_API_KEY) knows the model that writes what no
    skill serves, `critic_model` the one that may object to a proposal; `local` is
    the installed one, "" none. `model_seconds` bounds one answer, with all attempts.
    `match_threshold` (0..1) is the
    retrieval score below which a request counts as unserved, `pace_seconds` the least time between
    two actions of the bot, `test_seconds` the most that one behaviour test may take. `author_*`
    bound what the model may spend on one request: tokens that it writes, rounds, seconds. `people`
    maps names on the local forge, programs' too, to their public keys: a name that stands there is
    proven by a signature or not believed.
    """

    policy: Policy = field(default_factory=Policy)
    target: str = "main"
    bot: str = "tiphys"
    trusted_keys: tuple[str, ...] = ()
    trusted_identities: tuple[TrustedIdentity, ...] = ()
    model: str = ""
    critic_model: str = ""
    model_seconds: float = 300.0
    match_threshold: float = 0.5
    pace_seconds: float = 5.0
    test_seconds: float = 120.0
    author_tokens: int = 8000
    author_rounds: int = 4
    author_seconds: float = 600.0
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
