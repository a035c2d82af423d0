"""One file a topic: how people say it, and which fields must hold it.

A topic is a function from (words, world) to remarks. It never raises, whatever it is given.
"""

from tiphys.verify.critic.topics import (
    budgets,
    constants,
    counts,
    exposure,
    fields,
    images,
    kinds,
    literals,
    names,
    namespaces,
    near,
    ports,
    probes,
    reach,
    resources,
    runs,
    schedules,
    settings,
    storage,
    wishes,
)

TOPICS = (
    names.rule,
    kinds.rule,
    namespaces.rule,
    images.rule,
    counts.rule,
    budgets.rule,
    ports.rule,
    resources.rule,
    storage.rule,
    exposure.rule,
    schedules.rule,
    runs.rule,
    probes.rule,
    settings.rule,
    fields.rule,
    literals.rule,
    constants.rule,
    near.rule,
    wishes.rule,
    wishes.kinds_of_names,
    wishes.routes,
    reach.rule,
)
