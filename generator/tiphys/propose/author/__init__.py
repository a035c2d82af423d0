"""The author road: a model writes what no skill gives, and a cluster says what is wrong with it.

    author(request, workbench=..., model=..., budget=...) -> the best try, with its evidence

Whatever a model says is data: it is parsed with limits, mended against the server's own schemas,
and compared by evidence. Its opinion of itself is never asked for.
"""
