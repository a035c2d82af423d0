"""One file a topic: how people say it, and which fields must hold it.

A topic is a function from (words, world) to remarks. It never raises, whatever it is given.
"""

from tiphys.verify.critic.topics import (
    budgets,
    caps,
    closed,
    constants,
    counts,
    durable,
    exposure,
    fields,
    images,
    kinds,
    links,
    literals,
    manner,
    mounts,
    names,
    namespaces,
    near,
    patience,
    policies,
    ports,
    probes,
    quota_counts,
    reach,
    resources,
    rights,
    routing,
    running,
    runs,
    said_fields,
    scaling,
    schedules,
    selected,
    settings,
    siblings,
    sources,
    storage,
    subjects,
    titles,
    wiring,
    wishes,
)

# Words of English alone, which mean something else in other languages.
ENGLISH = (
    budgets.rule,
    manner.rule,
    caps.rule,
    routing.rule,
    selected.rule,
    scaling.rule,
    runs.rule,
    policies.rule,
    kinds.rule,
    wishes.kinds_of_names,
    wishes.routes,
)
# Words of several languages, or such that are the same in all of them.
PROSE = (
    names.rule,
    namespaces.rule,
    images.rule,
    quota_counts.rule,
    counts.rule,
    ports.rule,
    resources.rule,
    storage.rule,
    exposure.rule,
    schedules.rule,
    probes.rule,
    running.rule,
    fields.rule,
    constants.rule,
    wishes.rule,
    subjects.rule,
    titles.rule,
    sources.rule,
    mounts.rule,
    rights.rule,
    durable.rule,
    closed.rule,
    patience.rule,
)
# Values as they stand, lines that only set something included.
VALUES = (
    settings.rule,
    literals.rule,
    siblings.rule,
    said_fields.rule,
)
# The contents of files as well.
WHOLE = (
    near.rule,
    reach.rule,
    wiring.rule,
    links.rule,
)
