"""From what runs back to where it came from, and the way back.

`history` reads how releases came about, `find` leads an object's name to its release, `listing` and
`story` tell it, `taking_back` decides what goes back to what, `opening` makes one pull request of
it. Nothing here moves the target branch: what is taken back is judged and merged like all else.
"""
