"""The negative control: is the test that judges a skill itself worth anything?

`mutants` makes small faults out of a case's objects (`sites` finds the places, `values` what to
write there). `baseline` asks the API server which of them mean anything. `recording` remembers
what the test saw when it passed and `replay` shows it the same with a fault laid over, so most
mutants are judged without a cluster; the rest, and an empty cluster, are run for real (`trial`).
`rounds` does all of it for one case, `tally` adds up, `score` makes the table of many skills.

Nothing here decides about a proposal, that is for `checks.control`; nothing imports a runner.
"""
